/** For example 3.9.5, or 3.5.3-beta. Nothing else gets into a path or a file. */
export const RELEASE = /^3\.\d+\.\d+(-[a-z]+)?$/;
export const RELEASE_ACCEPTED = 'three numbers such as 3.9.5';

export function isRelease(text: string): boolean {
  return RELEASE.test(text);
}
