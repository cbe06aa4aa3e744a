/**
 * The query interface: a tagged template whose values become parameters. A query inside a query becomes part
 * of it. Nothing is sent before a query is awaited, or `then` or `catch` is called.
 *
 * ```ts
 * const rows = await sql<{ rkey: string }[]>`select rkey from records where did = ${did}`;
 * await sql.begin(async (tx) => { await tx`…`; });
 * ```
 */

/** A parameter value. Objects are sent as JSON, bytes as Postgres' binary format (see `text_array.ts`). */
export type Parameter =
  | string
  | Uint8Array
  | number
  | bigint
  | boolean
  | null
  | Date
  | Readonly<
    Record<string, unknown>
  >;

/** A parameter as it is sent. */
export type SentParameter = string | Uint8Array | null;

/** Rows, and how many of them a statement read or wrote. */
export type Rows<Row> = Row[] & { readonly count: number };

type RowOf<T> = T extends readonly (infer Row)[] ? Row : never;

/** A statement with its parameters, ready to be sent. */
export interface Statement {
  readonly text: string;
  readonly parameters: readonly SentParameter[];
  /** Whether its text is one of a fixed few, so that keeping its plan pays. */
  readonly isFixed: boolean;
  /** Rows as arrays of values, in column order. */
  readonly asArrays: boolean;
}

/** Sends statements one after another, without waiting for answers. */
export type Send = (statement: Statement) => Promise<Rows<unknown>>;

/** Runs queries: on a connection, or in a transaction. */
export interface Asking {
  <T extends readonly object[] = Record<string, unknown>[]>(
    texts: TemplateStringsArray,
    ...values: readonly (Parameter | Query<unknown>)[]
  ): Query<Rows<RowOf<T>>>;
  /** A text with `$1`, `$2`, … for its parameters. Without parameters it can hold several statements. */
  unsafe<T extends readonly object[] = Record<string, unknown>[]>(
    text: string,
    parameters?: readonly Parameter[],
    options?: { readonly prepare?: boolean },
  ): Query<Rows<RowOf<T>>>;
}

/** The connections to a database. A query outside of `begin` is its own transaction. */
export interface Sql extends Asking {
  /**
   * Runs `run` in a transaction. Statements are sent as they come, so those that are not awaited travel
   * together, the first ones with the BEGIN. The COMMIT is sent when `run` returns, whatever has been
   * answered by then. The transaction fails with the first statement that failed.
   */
  begin<T>(run: (tx: TransactionSql) => T | Promise<T>): Promise<T>;
  /** The same for what only reads: all of it sees what was committed when it began. */
  snapshot<T>(run: (tx: TransactionSql) => T | Promise<T>): Promise<T>;
  /** Runs one statement that can't run in a transaction. */
  command(text: string): Promise<void>;
  /** Closes the connections after their current work. */
  end(): Promise<void>;
}

/** A transaction. */
export interface TransactionSql extends Asking {
  /** Runs a task; when it throws, only its statements are undone. */
  savepoint<T>(run: (tx: TransactionSql) => T | Promise<T>): Promise<T>;
}

interface Source {
  readonly texts: readonly string[];
  /** The values between the texts. */
  readonly values: readonly (Parameter | Query<unknown>)[];
  /** Parameters that the text numbers itself. */
  readonly parameters?: readonly Parameter[];
}

/** A query that is sent when it is awaited. */
export class Query<T> implements Promise<T> {
  readonly [Symbol.toStringTag] = "Query";
  readonly #source: Source;
  readonly #send: Send;
  readonly #options: { readonly isFixed: boolean; readonly asArrays: boolean };
  #answer: Promise<T> | undefined;

  constructor(source: Source, send: Send, options = { isFixed: true, asArrays: false }) {
    this.#source = source;
    this.#send = send;
    this.#options = options;
  }

  /** The same query, with rows as arrays. */
  values(): Query<unknown[][]> {
    return new Query<unknown[][]>(this.#source, this.#send, { ...this.#options, asArrays: true });
  }

  then<Done = T, Failed = never>(
    onDone?: ((value: T) => Done | PromiseLike<Done>) | null,
    onFailed?: ((reason: unknown) => Failed | PromiseLike<Failed>) | null,
  ): Promise<Done | Failed> {
    return this.#sent().then(onDone, onFailed);
  }

  catch<Failed = never>(
    onFailed?: ((reason: unknown) => Failed | PromiseLike<Failed>) | null,
  ): Promise<T | Failed> {
    return this.#sent().catch(onFailed);
  }

  finally(onEnd?: (() => void) | null): Promise<T> {
    return this.#sent().finally(onEnd);
  }

  #sent(): Promise<T> {
    return this.#answer ??= this.#send(this.#statement()) as Promise<T>;
  }

  #statement(): Statement {
    const parameters = (this.#source.parameters ?? []).map(sent);
    return { text: this.#write(parameters), parameters, ...this.#options };
  }

  /** Its text, with a number for each parameter that it adds. */
  #write(parameters: SentParameter[]): string {
    const { texts, values } = this.#source;
    let text = texts[0] ?? "";
    for (const [index, value] of values.entries()) {
      if (value instanceof Query) text += value.#write(parameters);
      else text += `$${parameters.push(sent(value))}`;
      text += texts[index + 1] ?? "";
    }
    return text;
  }
}

/** Builds the query interface on top of `send`. */
export function asking(send: Send): Asking {
  const tag = (
    texts: TemplateStringsArray,
    ...values: readonly (Parameter | Query<unknown>)[]
  ): Query<Rows<never>> => new Query({ texts, values }, send);
  const unsafe = (
    text: string,
    parameters: readonly Parameter[] = [],
    { prepare = false } = {},
  ): Query<Rows<never>> =>
    new Query({ texts: [text], values: [], parameters }, send, {
      isFixed: prepare,
      asArrays: false,
    });
  return Object.assign(tag, { unsafe }) as Asking;
}

/** The server parses a parameter's text as the type that the statement needs. */
function sent(value: Parameter): SentParameter {
  if (value === null || value instanceof Uint8Array) return value;
  if (value === undefined || Array.isArray(value)) {
    throw new TypeError("cannot send a query: a parameter is undefined, or an array");
  }
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
