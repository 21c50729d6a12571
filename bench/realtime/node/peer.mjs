// The peer: a server of socket.io that sends what it is given to everybody in a room.
//   POST /emit  the body is the event; answered at once
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer((request, response) => {
  let body = "";
  request.on("data", (bytes) => (body += bytes));
  request.on("end", () => {
    io.to("records:main").emit("entry", JSON.parse(body));
    response.end("{}");
  });
});
const io = new Server(http, { perMessageDeflate: false });
io.on("connection", (socket) => {
  socket.on("subscribe", (topic, done) => {
    socket.join(topic);
    done({ ok: true });
  });
});
http.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${http.address().port}`));
