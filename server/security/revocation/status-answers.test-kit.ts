/** Answers of a responder for tests, encoded in DER by hand. */
import { createHash, createPrivateKey, type KeyObject, sign, X509Certificate } from 'node:crypto';
import type { Identity, TestAuthority } from '../../runtime/tls/certificates.test-kit.ts';
import { DerReader, Tag } from '../der/der.ts';
import { derSequence, derValue } from '../der/write-der.ts';
import { certificateFields } from './certificate-fields.ts';

const BASIC_ANSWER = '2b0601050507300101';
const ECDSA_WITH_SHA256 = '2a8648ce3d040302';
const ONE = Buffer.from([1]);

export interface AnswerPlan {
  readonly status?: 'good' | 'revoked' | 'unknown';
  /** A GeneralizedTime. */
  readonly from?: string;
  readonly until?: string;
  /** Signs in place of the authority, and its certificate comes with the answer. */
  readonly responder?: Identity;
  /** The responder is named by the hash of its key. */
  readonly namesKey?: boolean;
  /** Object identifier in DER of a critical extension. */
  readonly critical?: string;
}

const time = (text: string) => derValue(Tag.generalizedTime, Buffer.from(text));
const oid = (hex: string) => derValue(Tag.oid, Buffer.from(hex, 'hex'));

function statusOf({ status = 'good' }: AnswerPlan): Buffer {
  if (status === 'revoked') return derValue(Tag.explicit1, time('20210101000000Z'));
  return derValue(status === 'good' ? Tag.implicit0 : 0x82);
}

/** The certificate that a question is about, as it is encoded there. */
function askedIn(question: Buffer): Buffer {
  return new DerReader(question).into().into().into().into().next(Tag.sequence).bytes;
}

/** The answer of an authority, or of its responder, to a question. */
export function answerTo(question: Buffer, authority: TestAuthority, plan: AnswerPlan = {}): Buffer {
  const { from = '20260101000000Z', until, responder, namesKey, critical } = plan;
  const certificate = new X509Certificate(responder?.certificate ?? authority.certificate);
  const key: KeyObject =
    responder === undefined ? authority.keys.privateKey : createPrivateKey(responder.privateKey);
  const { subject, keyBits } = certificateFields(certificate);
  const named = namesKey
    ? derValue(Tag.explicit2, derValue(Tag.octets, createHash('sha1').update(keyBits).digest()))
    : derValue(Tag.explicit1, subject);
  const status = derSequence(
    askedIn(question),
    statusOf(plan),
    time(from),
    ...(until === undefined ? [] : [derValue(Tag.explicit0, time(until))]),
  );
  const flagged = (id: string) =>
    derValue(
      Tag.explicit1,
      derSequence(derSequence(oid(id), derValue(1, Buffer.from([0xff])), derValue(Tag.octets, ONE))),
    );
  const said = derSequence(
    named,
    time(from),
    derSequence(status),
    ...(critical === undefined ? [] : [flagged(critical)]),
  );
  const basic = derSequence(
    said,
    derSequence(oid(ECDSA_WITH_SHA256)),
    derValue(Tag.bits, Buffer.from([0]), sign('sha256', said, key)),
    ...(responder === undefined ? [] : [derValue(Tag.explicit0, derSequence(certificate.raw))]),
  );
  return derSequence(
    derValue(Tag.enumerated, Buffer.from([0])),
    derValue(Tag.explicit0, derSequence(oid(BASIC_ANSWER), derValue(Tag.octets, basic))),
  );
}

/** The refusal of a responder that has no answer, such as 3: it is to be asked later. */
export function refusalOf(code: number): Buffer {
  return derSequence(derValue(Tag.enumerated, Buffer.from([code])));
}
