import net from "node:net";
import postgres, { type Sql } from "postgres";

export interface ConnectOptions {
  readonly max: number;
  readonly applicationName: string;
}

export function connect(url: string, { max, applicationName }: ConnectOptions): Sql {
  const { hostname, port } = new URL(url);
  return postgres(url, {
    max,
    prepare: false,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: applicationName },
    socket: () =>
      new Promise<net.Socket>((resolve, reject) => {
        const socket = net.connect(Number(port || 5432), hostname, () => {
          socket.setNoDelay(true);
          resolve(socket);
        });
        socket.on("error", reject);
      }),
  } as postgres.Options<Record<string, never>>) as unknown as Sql;
}

export async function terminate(sql: Sql): Promise<void> {
  await sql.end({ timeout: 0 });
}

export function describeDatabase(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}:${port || 5432}${pathname}`;
}
