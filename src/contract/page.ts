/** One page of a list. The public edge turns `next` into a `Link` header (RFC 8288). */
export class Page<T> {
  constructor(
    readonly items: readonly T[],
    /** The cursor after which the next page begins; null on the last page. */
    readonly next: string | null,
  ) {}

  /** The same page with each item shown another way. */
  map<U>(show: (item: T) => U): Page<U> {
    return new Page(this.items.map(show), this.next);
  }
}
