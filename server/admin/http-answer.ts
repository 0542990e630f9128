import type { BodyReader, HttpResponse, StreamedBody } from '../runtime/runtime.ts';
import type { Answer, AnswerPump, AnswerSink, Pieces } from '../turns/answer-pump.ts';

export const JSON_TYPE = 'application/json';
const OK = 200;
const INTERNAL_ERROR = 500;
const SERVICE_UNAVAILABLE = 503;

export interface AnswerForm {
  /** True for HEAD: the headers alone are sent. */
  readonly headersOnly: boolean;
  readonly contentType: string;
}

/**
 * An answer of AdminServer on its way to a reader by HTTP. An answer of one piece is a response with its
 * length; a longer one is a body that is made while it is sent. HEAD runs the command to its end as well, as
 * upstream does, to know the length of the body that it does not send.
 */
export class HttpAnswer implements AnswerSink, StreamedBody {
  readonly #answer: Answer;
  readonly #headersOnly: boolean;
  readonly #contentType: string;
  /** Text that was made and not taken yet. */
  #text = '';
  #bytes = 0;
  #failed = false;
  #reader: BodyReader | null = null;
  #response: HttpResponse | null = null;
  #respond: ((response: HttpResponse) => void) | null = null;

  private constructor(what: string, pieces: Pieces, pump: AnswerPump, form: AnswerForm) {
    this.#headersOnly = form.headersOnly;
    this.#contentType = form.contentType;
    this.#answer = pump.answer(what, pieces, this);
  }

  static of(
    what: string,
    pieces: Pieces,
    pump: AnswerPump,
    form: AnswerForm,
  ): HttpResponse | Promise<HttpResponse> {
    const answer = new HttpAnswer(what, pieces, pump, form);
    return (
      answer.#response ??
      new Promise(resolve => {
        answer.#respond = resolve;
      })
    );
  }

  write(text: string): boolean {
    if (this.#reader !== null) return this.#reader.write(text);
    if (this.#headersOnly) {
      this.#bytes += Buffer.byteLength(text);
      return true;
    }
    const isFirst = this.#text === '';
    this.#text += text;
    if (isFirst) return true;
    this.#settle({ ...this.#ok, body: this });
    return false;
  }

  end(): void {
    if (this.#reader !== null) this.#reader.end();
    else if (this.#headersOnly)
      this.#settle({ ...this.#ok, headers: { 'content-length': String(this.#bytes) }, body: '' });
    else this.#settle({ ...this.#ok, body: this.#text });
  }

  fail(reason: string): void {
    this.#failed = true;
    if (this.#reader !== null) this.#reader.destroy();
    else this.#tell(INTERNAL_ERROR, reason);
  }

  refuse(reason: string): void {
    this.#tell(SERVICE_UNAVAILABLE, reason);
  }

  start(reader: BodyReader): void {
    this.#reader = reader;
    if (this.#failed) {
      reader.destroy();
      return;
    }
    const text = this.#text;
    this.#text = '';
    if (reader.write(text)) this.#answer.drained();
  }

  drained(): void {
    this.#answer.drained();
  }

  closed(): void {
    this.#answer.readerGone();
  }

  get #ok() {
    return { status: OK, contentType: this.#contentType };
  }

  #tell(status: number, reason: string): void {
    this.#settle({ status, contentType: JSON_TYPE, body: JSON.stringify({ error: reason }) });
  }

  #settle(response: HttpResponse): void {
    this.#response ??= response;
    this.#respond?.(this.#response);
  }
}
