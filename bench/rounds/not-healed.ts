/** The ensemble did not recover from a fault, so later measurements on it would mean nothing. */
export class NotHealed extends Error {
  override readonly name = 'NotHealed';
}
