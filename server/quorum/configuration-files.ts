import type { Configuration } from '../membership/configuration.ts';
import { isMembershipKey } from '../membership/quorum-text.ts';
import { escapedProperty, withoutProperties } from '../properties/properties.ts';
import type { Logger } from '../runtime/logging/logger.ts';
import type { Disk } from '../runtime/runtime.ts';
import { replaceFile } from '../storage/small-file.ts';

export interface ConfigurationFileParts {
  readonly disk: Disk;
  /** Of zoo.cfg. It should be absolute, since zoo.cfg will name a file beside it. */
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
  /** Of the committed configuration. */
  #version: number;
  /** Of the one that was seen last. */
  #nextVersion = 0;

  constructor(parts: ConfigurationFileParts) {
    this.#parts = parts;
    this.#version = parts.version;
    const slash = parts.path.lastIndexOf('/');
    this.#directory = slash < 0 ? '.' : parts.path.slice(0, slash) || '/';
    this.#name = parts.path.slice(slash + 1);
  }

  /**
   * The start. What was proposed counts if it is in the log, where `seen` finds it again; what is not there
   * came to nothing. `keepsCopy`: the server lines stand in zoo.cfg, which the first `committed` changes.
   */
  begin({ keepsCopy }: { readonly keepsCopy: boolean }): void {
    this.#attempt('remove what came to nothing', () => this.#removeNext());
    if (keepsCopy)
      this.#attempt('keep a copy of zoo.cfg', () => this.#replace(`${this.#name}.bak`, this.#read()));
  }

  /**
   * A configuration that may be committed, before it is acknowledged. One that is not newer than the
   * committed one takes the place of what was seen before, which came to nothing.
   */
  seen(configuration: Configuration): void {
    this.#attempt('write the configuration that is proposed', () => {
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
   * What moves to the dynamic file leaves zoo.cfg, and so does a client port that the server's own line has
   * as well. Every other line stays as it is.
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
        `this server cannot ${what} in ${this.#directory}; it goes on, and starts with the older files next time`,
        { reason: (error as Error).message },
      );
    }
  }
}

function addPort(keys: Set<string>, key: string): void {
  keys.add(key).add(`${key}Address`);
}

/** Sorted and without a line end at the end, as upstream writes them. */
function linesOf({ verifier }: Configuration, withVersion: boolean): string {
  const lines = verifier.text.split('\n').filter(line => withVersion || !VERSION_LINE.test(line));
  return lines.map(escapedProperty).sort().join('\n');
}
