import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { embedJson, html, trusted } from './html.ts';

const test = suite('dashboards: html');

test('every value is escaped except Markup, and an absent value gives no text', () => {
  const made = html`<p title="${'"><script>'}">${['<b>', 1, null, undefined, false]}${html`<i>${'&'}</i>`}${trusted('<u>')}</p>`;
  assert.is(made.text, '<p title="&quot;&gt;&lt;script&gt;">&lt;b&gt;1<i>&amp;</i><u></p>');
});

test('embedded JSON cannot end its script, open a comment or end a line of JavaScript', () => {
  const hostile = { text: '</script><!--<script>\u2028\u2029' };
  const { text } = embedJson(hostile);
  assert.not.match(text, /[<\u2028\u2029]/);
  assert.equal(JSON.parse(text), hostile);
});

test('embedded JSON is read back unchanged, for any JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const { text } = embedJson(value);
      assert.not.match(text, /[<\u2028\u2029]/);
      assert.equal(JSON.parse(text), JSON.parse(JSON.stringify(value)));
    }),
  );
});
