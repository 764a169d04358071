// A reverse proxy that shows the service below a path, as nginx and Home Assistant's ingress do.
import { createServer, request } from 'node:http';

export async function proxyAt(prefix, target) {
  const { hostname, port } = new URL(target);
  const outside = [];
  let streams = 0;
  const server = createServer((incoming, outgoing) => {
    if (!incoming.url.startsWith(`${prefix}/`)) {
      outside.push(incoming.url);
      outgoing.writeHead(404).end();
      return;
    }
    const forwarded = request(
      {
        host: hostname, port, method: incoming.method, path: incoming.url.slice(prefix.length),
        // The service sees its own name, as behind most proxies.
        headers: { ...incoming.headers, host: `${hostname}:${port}`, 'x-forwarded-prefix': prefix },
      },
      answer => {
        outgoing.writeHead(answer.statusCode, answer.headers);
        answer.pipe(outgoing);
      });
    const isStream = incoming.url.endsWith('/events/stream');
    if (isStream) streams++;
    forwarded.on('error', () => outgoing.destroy());
    outgoing.on('close', () => {
      if (isStream) streams--;
      forwarded.destroy();
    });
    incoming.pipe(forwarded);
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}${prefix}/`,
    outside,
    /** The streams of events that are open now. */
    streams: () => streams,
    /** Ends all connections; new ones are accepted. */
    drop: () => server.closeAllConnections(),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
