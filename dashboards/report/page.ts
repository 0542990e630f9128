import { html, type Markup, trusted } from './html.ts';

/**
 * The policy allows nothing from anywhere. A page that tries to load something shows an error in its console.
 */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

export function page(title: string, style: string, body: Markup): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<style>${trusted(style)}</style></head><body>${body}</body></html>
`.text;
}
