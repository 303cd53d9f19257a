// Pooled nodemailer: LETTERS of HTML to PORT over CONNECTIONS; prints the seconds that the sending took, and the processor's.
const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");
const [, , peers, port, connections, letters, file] = process.argv;
const nodemailer = createRequire(`${peers}/package.json`)("nodemailer");
const { html, text } = JSON.parse(readFileSync(file, "utf8"));
const transport = nodemailer.createTransport({
  pool: true, host: "127.0.0.1", port: Number(port), maxConnections: Number(connections), maxMessages: Infinity,
  ignoreTLS: true, disableFileAccess: true,
});
(async () => {
  const begun = process.hrtime.bigint();
  const before = process.cpuUsage();
  let next = 0;
  const line = async () => {
    while (next < Number(letters)) {
      const key = `k${next++}`;
      const link = `https://bulletin.example/unsubscribe/${key}`;
      await transport.sendMail({
        from: "Education <news@bulletin.example>", to: `${key}@school.example`, subject: "Weekly update",
        text: text.replaceAll("[[unsubscribe]]", link), html: html.replaceAll("[[unsubscribe]]", link),
        headers: { "List-Unsubscribe": `<${link}>`, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" },
      });
    }
  };
  await Promise.all(Array.from({ length: 2 * Number(connections) }, line));
  const { user, system } = process.cpuUsage(before);
  console.log(Number(process.hrtime.bigint() - begun) / 1e9, (user + system) / 1e6);
  transport.close();
})();
