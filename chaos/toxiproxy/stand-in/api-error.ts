/**
 * The refusals of Toxiproxy's API, with its own status and wording, because people search for them.
 * Any other error (a port in use, for example) is a 500 with its message.
 */
const catalogue = {
  badRequestBody: { status: 400, error: 'bad request body' },
  missingField: { status: 400, error: 'missing required field' },
  proxyNotFound: { status: 404, error: 'proxy not found' },
  proxyAlreadyExists: { status: 409, error: 'proxy already exists' },
  invalidStream: { status: 400, error: 'stream was invalid, can be either upstream or downstream' },
  invalidToxicType: { status: 400, error: 'invalid toxic type' },
  toxicAlreadyExists: { status: 409, error: 'toxic already exists' },
  toxicNotFound: { status: 404, error: 'toxic not found' },
} as const;

export class ApiError extends Error {
  readonly status: number;

  constructor(name: keyof typeof catalogue, detail?: string) {
    const { status, error } = catalogue[name];
    super(detail === undefined ? error : `${error}: ${detail}`);
    this.status = status;
  }
}

/** The body of a refusal, as Toxiproxy writes it. */
export function errorBody(error: unknown): { error: string; status: number } {
  if (error instanceof ApiError) return { error: error.message, status: error.status };
  return { error: error instanceof Error ? error.message : String(error), status: 500 };
}
