import type { Standing } from '../../results/verdicts.ts';
import { html, type Markup, trusted } from './html.ts';

/** The word and the outline tell the verdict. Colour only helps. */
const SHAPES: Readonly<Record<Standing, string>> = {
  holds: '<circle cx="8" cy="8" r="7"/><path class="cut" d="M4.5 8.2l2.4 2.5 4.6-5"/>',
  fails: '<rect x="1.5" y="1.5" width="13" height="13" rx="2"/><path class="cut" d="M5 5l6 6M11 5l-6 6"/>',
  'known failure':
    '<rect class="open" x="2.2" y="2.2" width="11.6" height="11.6" rx="2"/><path class="line" d="M5 5l6 6M11 5l-6 6"/>',
  'not shown here': '<circle class="open" cx="8" cy="8" r="6.2"/><path class="line" d="M5 8h6"/>',
  void: '<path class="open" d="M8 1.6l6.6 12H1.4z"/><path class="line" d="M8 6v3.6M8 11.4v.6"/>',
};

/** @param word replaces the verdict's own word, for things that look like a verdict */
export function verdictMark(standing: Standing, word: string = standing): Markup {
  return html`<span class="verdict v-${standing.replaceAll(' ', '-')}"><svg viewBox="0 0 16 16" aria-hidden="true">${trusted(
    SHAPES[standing],
  )}</svg>${word}</span>`;
}
