import type { Configuration } from '../membership/configuration.ts';
import { isMembershipKey } from '../membership/quorum-text.ts';
import { escapedProperty, withoutProperties } from '../properties/properties.ts';
import type { Logger } from '../runtime/logging/logger.ts';
import type { Disk } from '../runtime/runtime.ts';
import { replaceFile } from '../storage/small-file.ts';

export interface ConfigurationFileParts {
  readonly disk: Disk;
  /** Path of zoo.cfg. It should be absolute, because zoo.cfg will name a file beside it. */
  readonly path: string;
  readonly sid: number;
  /** The version of the configuration that the server starts with. */
  readonly version: number;
  readonly logger: Logger;
}

const NEXT = 'next';
const VERSION_LINE = /^version=/;

/**
 * The files of one member's configuration, beside zoo.cfg: `zoo.cfg.dynamic.<version>` for the committed
 * one, which zoo.cfg names, and `zoo.cfg.dynamic.next` for one that is only seen. Each file is replaced as a
 * whole, and zoo.cfg names a file only when that is there, so a crash leaves a configuration that was once
 * committed.
 *
 * Where nothing can be written, the server goes on as upstream does: what it logged is in its log.
 *
 * @see docs/reconfiguration.md "Files"; QuorumPeerConfig.editStaticConfig
 */
export class ConfigurationFiles {
  readonly #parts: ConfigurationFileParts;
  readonly #directory: string;
  readonly #name: string;
  /** Version of the committed configuration. */
  #version: number;
  /** Version of the configuration that was seen last. */
  #nextVersion = 0;

  constructor(parts: ConfigurationFileParts) {
    this.#parts = parts;
    this.#version = parts.version;
    const slash = parts.path.lastIndexOf('/');
    this.#directory = slash < 0 ? '.' : parts.path.slice(0, slash) || '/';
    this.#name = parts.path.slice(slash + 1);
  }

  /**
   * Call it at the start. A proposed configuration counts only if it is in the log; `seen` is called for it
   * again. One that is not in the log was abandoned, so its file is removed. `keepsCopy`: the server lines
   * stand in zoo.cfg, which the first `committed` changes.
   */
  begin({ keepsCopy }: { readonly keepsCopy: boolean }): void {
    this.#attempt('remove the file of an abandoned configuration', () => this.#removeNext());
    if (keepsCopy)
      this.#attempt('keep a copy of zoo.cfg', () => this.#replace(`${this.#name}.bak`, this.#read()));
  }

  /**
   * Writes a configuration that may be committed, before this member acknowledges it. A configuration that is
   * not newer than the committed one says that the one seen before was abandoned.
   */
  seen(configuration: Configuration): void {
    this.#attempt('write the proposed configuration', () => {
      this.#nextVersion = configuration.verifier.version;
      if (this.#nextVersion > this.#version)
        this.#replace(this.#dynamicName(NEXT), linesOf(configuration, true));
      else this.#removeNext();
    });
  }

  committed(configuration: Configuration): void {
    this.#version = configuration.verifier.version;
    this.#attempt('write the committed configuration', () => {
      const dynamic = this.#dynamicName(configuration.verifier.version.toString(16));
      this.#replace(dynamic, linesOf(configuration, false));
      this.#replace(this.#name, this.#staticText(configuration, `${this.#directory}/${dynamic}`));
      if (this.#nextVersion <= this.#version) this.#removeNext();
    });
  }

  #removeNext(): void {
    const { disk } = this.#parts;
    const next = `${this.#directory}/${this.#dynamicName(NEXT)}`;
    if (!disk.exists(next)) return;
    disk.remove(next);
    disk.syncDirectory(this.#directory);
  }

  /**
   * Returns zoo.cfg without the lines that move to the dynamic file, and without a client port that the
   * server's own line has as well. Every other line stays as it is.
   */
  #staticText({ servers }: Configuration, dynamicPath: string): Buffer {
    const own = servers.get(this.#parts.sid);
    const dropped = new Set(['dynamicConfigFile', 'peerType']);
    if (own?.client !== undefined) addPort(dropped, 'clientPort');
    if (own?.secureClient !== undefined) addPort(dropped, 'secureClientPort');
    const text = this.#read().toString('latin1');
    const kept = withoutProperties(text, key => dropped.has(key) || isMembershipKey(key));
    const end = kept === '' || /[\r\n]$/.test(kept) ? '' : '\n';
    return Buffer.from(`${kept}${end}dynamicConfigFile=${escapedProperty(dynamicPath)}\n`, 'latin1');
  }

  #dynamicName(suffix: string): string {
    return `${this.#name}.dynamic.${suffix}`;
  }

  #read(): Buffer {
    return this.#parts.disk.read(this.#parts.path);
  }

  #replace(name: string, content: string | Buffer): void {
    const { disk, path } = this.#parts;
    replaceFile(disk, this.#directory, name, content, path);
  }

  #attempt(what: string, write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#parts.logger.error(
        `this server cannot ${what} in ${this.#directory}; it goes on, and will start with the older files next time`,
        { reason: (error as Error).message },
      );
    }
  }
}

function addPort(keys: Set<string>, key: string): void {
  keys.add(key).add(`${key}Address`);
}

/** The lines, sorted and without a final line end, as upstream writes them. */
function linesOf({ verifier }: Configuration, withVersion: boolean): string {
  const lines = verifier.text.split('\n').filter(line => withVersion || !VERSION_LINE.test(line));
  return lines.map(escapedProperty).sort().join('\n');
}
