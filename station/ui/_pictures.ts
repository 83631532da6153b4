// The pictures of the paper that is open: each is opened when it is first shown, and kept in memory only.

import type { SealedFiles } from "./_sealed";
import type { Paper } from "./_wire";

export class Pictures {
  private readonly shown = new Map<string, Promise<string>>();

  constructor(private readonly sealed: SealedFiles) {}

  /** An address of this page at which an image finds the picture; rejects while it is neither here nor at the box. */
  address(paper: Paper | null, name: string): Promise<string> {
    let address = this.shown.get(name);
    if (!address) {
      address = this.open(paper, name);
      this.shown.set(name, address);
      address.catch(() => this.shown.delete(name));
    }
    return address;
  }

  private async open(paper: Paper | null, name: string): Promise<string> {
    const one = paper?.pictures?.[name];
    if (!one) throw new Error("not of this paper");
    const clear = await this.sealed.open(one.sealed, one.key, "picture");
    return URL.createObjectURL(new Blob([clear], { type: one.media_type }));
  }

  /** The paper is closed: forget them. */
  forget(): void {
    for (const one of this.shown.values()) void one.then((address) => URL.revokeObjectURL(address)).catch(() => undefined);
    this.shown.clear();
  }
}
