// Many subscribers in one process: websockets that speak just enough of Engine.IO and Socket.IO. Told by its parent:
// {connect: n}, {watch: events}; tells {ready}, {done, delays, deliveries} (delays in ms, from the
// time in the event; Lockstep also tells what became of an event, which counts as a delivery).
import WebSocket from "ws";

const [url] = process.argv.slice(2);
const sockets = [];
let expected = 0;
let got = 0;
let delays = [];
let deliveries = 0;

function subscribe() {
  return new Promise((done, failed) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`, { perMessageDeflate: false });
    socket.on("error", failed);
    socket.on("message", (bytes) => {
      const text = bytes.toString();
      if (text[0] === "2") return socket.send("3");
      if (text[0] === "0") return socket.send("40");
      if (text.startsWith("40")) return socket.send('420["subscribe","records:main"]');
      if (text.startsWith("430")) return done(socket);
      if (!text.startsWith('42["entry"')) return;
      ++deliveries;
      const at = text.indexOf("sent-");
      if (at < 0) return;
      delays.push(Date.now() - Number(text.slice(at + 5, at + 18)));
      if (++got === expected) process.send({ done: true, delays, deliveries });
    });
  });
}

process.on("message", async ({ connect, watch }) => {
  if (connect) {
    while (sockets.length < connect) sockets.push(...(await Promise.all(Array.from({ length: Math.min(100, connect - sockets.length) }, subscribe))));
    process.send({ ready: true });
  }
  if (watch) {
    got = 0;
    deliveries = 0;
    delays = [];
    expected = watch * sockets.length;
    process.send({ ready: true });
  }
});
