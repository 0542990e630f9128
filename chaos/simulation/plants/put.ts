/** Parts of the server that a planted mistake replaces while it is there. */

export type Method<T, K extends keyof T> = T[K] extends (...args: infer A) => infer R
  ? (self: T, ...args: A) => R
  : never;

/** Replaces a method. Returns what restores it. */
export function put<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  method: Method<T, K>,
): () => void {
  const original = prototype[name];
  const instead = function (this: T, ...args: never[]): unknown {
    return method(this, ...args);
  };
  prototype[name] = instead as T[K];
  return () => {
    prototype[name] = original;
  };
}

/** Replaces a getter. Returns what restores it. */
export function putGetter<T extends object, K extends keyof T & string>(
  prototype: T,
  name: K,
  get: (self: T) => T[K],
): () => void {
  const original = Object.getOwnPropertyDescriptor(prototype, name);
  if (original === undefined) throw new TypeError(`there is no getter ${name} to replace`);
  Object.defineProperty(prototype, name, {
    ...original,
    get(this: T): T[K] {
      return get(this);
    },
  });
  return () => void Object.defineProperty(prototype, name, original);
}

/** Several replacements at once. */
export function all(...removes: readonly (() => void)[]): () => void {
  return () => {
    for (const remove of removes) remove();
  };
}
