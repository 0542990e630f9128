import type { JuteReader, JuteWriter } from './jute.ts';

/** The first frame of a client. @see docs/wire.md "Client connections" */
export interface ConnectRequest {
  protocolVersion: number;
  lastZxidSeen: number;
  timeoutMs: number;
  sessionId: bigint;
  /** 16 bytes, or null from a client that has no session yet. */
  password: Buffer | null;
  /** Undefined when the client is too old to send the byte; then its answer does not carry it either. */
  readOnly: boolean | undefined;
}

export interface ConnectResponse {
  protocolVersion: number;
  /** The negotiated timeout; 0 says that the session has expired. */
  timeoutMs: number;
  sessionId: bigint;
  password: Buffer;
  readOnly: boolean | undefined;
}

export function readConnectRequest(reader: JuteReader): ConnectRequest {
  return {
    protocolVersion: reader.readInt(),
    lastZxidSeen: reader.readLong(),
    timeoutMs: reader.readInt(),
    sessionId: reader.readBigLong(),
    password: reader.readBuffer(),
    readOnly: reader.remaining > 0 ? reader.readBoolean() : undefined,
  };
}

export function writeConnectRequest(writer: JuteWriter, request: ConnectRequest): void {
  writer.writeInt(request.protocolVersion).writeLong(request.lastZxidSeen).writeInt(request.timeoutMs);
  writer.writeBigLong(request.sessionId).writeBuffer(request.password);
  if (request.readOnly !== undefined) writer.writeBoolean(request.readOnly);
}

export function readConnectResponse(reader: JuteReader): ConnectResponse {
  return {
    protocolVersion: reader.readInt(),
    timeoutMs: reader.readInt(),
    sessionId: reader.readBigLong(),
    password: reader.readBuffer() ?? Buffer.alloc(0),
    readOnly: reader.remaining > 0 ? reader.readBoolean() : undefined,
  };
}

export function writeConnectResponse(writer: JuteWriter, response: ConnectResponse): void {
  writer.writeInt(response.protocolVersion).writeInt(response.timeoutMs);
  writer.writeBigLong(response.sessionId).writeBuffer(response.password);
  if (response.readOnly !== undefined) writer.writeBoolean(response.readOnly);
}
