/** Reads alert rules and headings: as much of YAML and Markdown as these files use. */

export interface AlertRule {
  readonly name: string;
  readonly expr: string;
  readonly severity: string;
  readonly summary: string;
  readonly description: string;
  readonly runbook: string;
}

/** The rules of a Prometheus rule file, in its order. A part that is missing is empty. */
export function alertRules(yaml: string): AlertRule[] {
  const withoutComments = yaml.replaceAll(/^\s*#.*\n/gm, "");
  const [, ...blocks] = withoutComments.split(/^\s*- alert: /m);
  return blocks.map((block) => ({
    name: /^\w+/.exec(block)?.[0] ?? "",
    expr: exprLines(block),
    severity: field(block, "severity"),
    summary: field(block, "summary"),
    description: field(block, "description"),
    runbook: field(block, "runbook_url"),
  }));
}

/** The expression of a rule on one line. */
export function exprLines(block: string): string {
  return field(block, "expr");
}

/** A scalar, plain or folded (`>-`), on one line. */
function field(block: string, key: string): string {
  const found = new RegExp(`^( *)${key}: (?:>-\\n((?:\\1 +.*\\n)+)|(.*))`, "m").exec(block);
  const [, , folded, plain] = found ?? [];
  return (folded ?? plain ?? "").replaceAll(/\s*\n\s*/g, " ").trim();
}

/** The anchors of a Markdown document's headings, as code hosts make them. */
export function headingSlugs(markdown: string): ReadonlySet<string> {
  const headings = markdown.replaceAll(/^```[^]*?^```/gm, "").matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...headings].map(([, heading = ""]) =>
      heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
    ),
  );
}
