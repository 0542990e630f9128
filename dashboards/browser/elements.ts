/** The line of result.json, folded. */
export function rawLine(line: unknown): HTMLElement {
  const details = element('details');
  details.append(
    element('summary', 'The line in result.json'),
    element('pre', JSON.stringify(line, null, 1)),
  );
  return details;
}

export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  text?: string,
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  return made;
}

export function closeButton(dialog: HTMLDialogElement): HTMLElement {
  const close = element('button', 'Close');
  close.addEventListener('click', () => dialog.close());
  return close;
}
