// The peer of bench/compile.py: marked + mjml, in one process that stays alive. Timed in here, so that no pipe counts.
// stdin: first a line of JSON {template, bodies}, then "round" lines; stdout: one line of JSON a round.
import { createInterface } from 'node:readline'
import { performance } from 'node:perf_hooks'
import { marked } from 'marked'
import mjml2html from 'mjml'

let edition

async function compile({ template, bodies }) {
  const filled = template.replace(/<!--body-(\d+)-->/g, (_, n) => marked.parse(bodies[Number(n)]))
  const { html, errors } = await mjml2html(filled, { validationLevel: 'soft', keepComments: true })
  if (errors.length) throw new Error(errors[0].formattedMessage)
  return html
}

for await (const line of createInterface({ input: process.stdin })) {
  if (!edition) {
    edition = JSON.parse(line)
    continue
  }
  const start = performance.now()
  const html = await compile(edition)
  const ms = performance.now() - start
  console.log(JSON.stringify({ ms, bytes: Buffer.byteLength(html), html: line === 'show' ? html : undefined }))
}
