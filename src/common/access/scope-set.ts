const BITS_PER_WORD = 32;

/**
 * The scopes that exist, in a fixed order, and the sets over them. Sets of one catalogue can be
 * compared with each other only.
 */
export class ScopeCatalogue<S extends string = string> {
  /** The set without scopes. */
  readonly none: ScopeSet<S>;
  /** The set of every scope. */
  readonly all: ScopeSet<S>;
  private readonly places: ReadonlyMap<string, number>;
  /** The set of each single scope: most requests ask for one. */
  private readonly singletons: ReadonlyMap<string, ScopeSet<S>>;

  /** @throws TypeError when a name is listed twice */
  constructor(readonly names: readonly S[]) {
    this.places = new Map(names.map((name, place) => [name, place]));
    if (this.places.size < names.length) {
      throw new TypeError('a scope is listed twice in the catalogue');
    }
    this.none = new ScopeSet(this, this.emptyWords());
    this.singletons = new Map(names.map((name) => [name, this.build([name])]));
    this.all = this.build(names);
  }

  /** Whether a value of unknown origin names a scope. */
  has(value: unknown): value is S {
    return typeof value === 'string' && this.places.has(value);
  }

  /**
   * The set of the given scopes. Unknown names (from the row of a newer version) are ignored: they
   * grant nothing.
   */
  setOf(names: readonly string[]): ScopeSet<S> {
    const [first] = names;
    if (first === undefined) {
      return this.none;
    }
    return names.length === 1 ? (this.singletons.get(first) ?? this.none) : this.build(names);
  }

  private build(names: readonly string[]): ScopeSet<S> {
    const words = this.emptyWords();
    for (const name of names) {
      const place = this.places.get(name);
      if (place !== undefined) {
        const word = place >>> 5;
        words[word] = (words[word] ?? 0) | (1 << (place & 31));
      }
    }
    return new ScopeSet(this, words);
  }

  private emptyWords(): number[] {
    return Array.from({ length: Math.ceil(this.names.length / BITS_PER_WORD) }, () => 0);
  }
}

/**
 * An immutable set of scopes of one catalogue, however many scopes that has. Created by
 * `ScopeCatalogue.setOf`.
 */
export class ScopeSet<S extends string = string> {
  /**
   * @param words 32 scopes in each, as a signed integer: the scope in place n is bit n % 32 of word
   * n / 32
   */
  constructor(
    private readonly catalogue: ScopeCatalogue<S>,
    private readonly words: readonly number[],
  ) {}

  get isEmpty(): boolean {
    return this.words.every((word) => word === 0);
  }

  /**
   * Whether every scope of this set is in the other.
   * @throws TypeError when the other is of another catalogue
   */
  isSubsetOf(other: ScopeSet<S>): boolean {
    this.assertComparable(other);
    const { words } = this;
    for (let i = 0; i < words.length; i++) {
      if (((words[i] ?? 0) & ~(other.words[i] ?? 0)) !== 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * The scopes of this set that the other lacks.
   * @throws TypeError when the other is of another catalogue
   */
  without(other: ScopeSet<S>): ScopeSet<S> {
    this.assertComparable(other);
    return new ScopeSet(
      this.catalogue,
      this.words.map((word, i) => word & ~(other.words[i] ?? 0)),
    );
  }

  /**
   * The scopes of either set.
   * @throws TypeError when the other is of another catalogue
   */
  union(other: ScopeSet<S>): ScopeSet<S> {
    this.assertComparable(other);
    return new ScopeSet(
      this.catalogue,
      this.words.map((word, i) => word | (other.words[i] ?? 0)),
    );
  }

  /** The names in the order of the catalogue. */
  names(): S[] {
    return this.catalogue.names.filter((_, place) => ((this.words[place >>> 5] ?? 0) & (1 << (place & 31))) !== 0);
  }

  private assertComparable(other: ScopeSet<S>): void {
    if (this.catalogue !== other.catalogue) {
      throw new TypeError('sets of scopes of different catalogues cannot be compared');
    }
  }
}
