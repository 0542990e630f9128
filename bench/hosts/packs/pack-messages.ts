/** What the lab and a process with several servers say to each other. Servers are named by their zoo.cfg. */
export type ToPack =
  | { readonly kind: 'start'; readonly cfgFile: string; readonly linkMap?: string }
  | { readonly kind: 'stop'; readonly cfgFile: string };

export type FromPack =
  | { readonly kind: 'line'; readonly cfgFile: string; readonly text: string }
  /** `code`: 0 when it was asked to stop. */
  | { readonly kind: 'ended'; readonly cfgFile: string; readonly code: number };
