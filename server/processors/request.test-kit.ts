import type { Id } from '../wire/acl.ts';
import { JuteWriter } from '../wire/jute.ts';
import { Request } from './request.ts';

export interface Asked {
  readonly op: number;
  readonly session?: number;
  readonly cxid?: number;
  readonly ids?: readonly Id[];
  readonly body?: (writer: JuteWriter) => void;
}

const OWNER = {};

/** A request as it comes from a client, or from a learner that forwards one. */
export function requestOf({ op, session = 1, cxid = 1, ids = [], body = () => {} }: Asked): Request {
  const writer = new JuteWriter();
  body(writer);
  const bytes = writer.toBuffer();
  return new Request({
    sessionHigh: 0,
    sessionLow: session,
    cxid,
    op,
    bytes,
    start: 0,
    end: bytes.length,
    owner: OWNER,
    origin: null,
    identities: () => ids,
    arrivedMs: 0,
  });
}
