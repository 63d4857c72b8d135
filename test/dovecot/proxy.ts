import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Proxy {
  readonly port: number;
  /** Connections made through it so far. */
  readonly connections: number;
  /** Those that are open now. */
  readonly openConnections: number;
  /** What clients sent through it, as text. */
  readonly sent: string;
  /** Cuts a connection once the server has sent so many bytes of the next literal of that size or more; once. */
  cutInLiteral(size: number, after: number): void;
  /** Cuts all connections now. */
  cut(): void;
  close(): Promise<void>;
}

/** A line between client and server that can be cut. */
export async function startProxy(target: number): Promise<Proxy> {
  const open = new Set<Socket>();
  let cutting: { size: number; after: number } | undefined;
  let connections = 0;
  let sent = '';
  const server = createServer((client) => {
    connections += 1;
    const upstream = connect(target, '127.0.0.1');
    const ends = [client, upstream];
    for (const end of ends) {
      open.add(end);
      end.on('error', () => undefined);
      end.on('close', () => {
        open.delete(end);
        for (const each of ends) each.destroy();
      });
    }
    client.on('data', (data) => {
      sent += data.toString('latin1');
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      const literal = /\{(\d+)\}\r\n/.exec(data.toString('latin1'));
      if (cutting === undefined || literal === null || Number(literal[1]) < cutting.size) {
        client.write(data);
        return;
      }
      const end = literal.index + literal[0].length + cutting.after;
      cutting = undefined;
      client.end(data.subarray(0, end), () => client.destroy());
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    get openConnections() {
      return open.size;
    },
    get sent() {
      return sent;
    },
    cutInLiteral(size, after) {
      cutting = { size, after };
    },
    cut,
    async close() {
      server.close();
      cut();
      await once(server, 'close');
    },
  };
}
