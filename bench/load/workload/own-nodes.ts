/** Names of znodes that a session created and has not deleted, oldest first. */
export class OwnNodes {
  #names: string[] = [];
  #head = 0;

  get count(): number {
    return this.#names.length - this.#head;
  }

  add(name: string): void {
    this.#names.push(name);
  }

  /** Removes and returns the oldest; undefined when there is none. */
  takeOldest(): string | undefined {
    if (this.count === 0) return undefined;
    const name = this.#names[this.#head++];
    if (this.#head > 1_000 && this.#head * 2 > this.#names.length) {
      this.#names = this.#names.slice(this.#head);
      this.#head = 0;
    }
    return name;
  }

  clear(): void {
    this.#names = [];
    this.#head = 0;
  }
}
