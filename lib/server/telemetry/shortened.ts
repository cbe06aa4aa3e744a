const LONGEST_MESSAGE = 300;

/** For a page: a server can answer with a text of any length. */
export function shortened(message: string): string {
  return message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message;
}
