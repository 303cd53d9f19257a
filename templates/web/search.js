// The search of a built site: fetches the buckets that the words need. It does what search/query.py does.
(() => {
  const form = document.querySelector('form.search'), box = document.querySelector('.found'), say = form.dataset
  const count = box.querySelector('.found-count'), list = box.querySelector('ol'), more = box.querySelector('.found-more')
  const STOP = new Set('a about all also an and any are as at be been by can do for from has have if in is it its more no not of on or our so than that the their there they this to was we were what when which who will with you your'.split(' '))
  const STEPS = [[/^(.{2,})ies$/, '$1y'], [/^(.{2,}[^sui])s$/, '$1'], [/^(?=.*[aeiouy].*(?:ing|ed)$)(.{3,})(?:ing|ed)$/, '$1'],
    [/([bdfgmnprt])\1$/, '$1'], [/^(.{4,})(?:ation|ment|ly)$/, '$1'], [/^(.{3,})e$/, '$1']]
  const plain = text => (text.normalize('NFKD').replace(/\p{M}/gu, '').replace(/['’]/g, '').toLowerCase().match(/[\p{L}\p{N}]+/gu) || []).map(w => [...w].slice(0, 40).join(''))
  const stem = word => [...word].length > 3 && !/\p{Nd}/u.test(word) ? STEPS.reduce((w, [from, to]) => w.replace(from, to), word) : word
  const top = new URL(say.top, location.href).href, kept = new Map()
  const once = (key, make) => kept.get(key) || kept.set(key, make().catch(error => { kept.delete(key); throw error })).get(key)
  const bytes = async (path, from, to) => {
    const answer = await fetch(top + path, to && { headers: { Range: `bytes=${from}-${to - 1}` }, cache: 'no-store' })
    if (!answer.ok) throw path
    let raw = new Uint8Array(await answer.arrayBuffer())
    if (to && answer.status < 206) raw = raw.subarray(from, to)
    if (raw[0] !== 31 || raw[1] !== 139) return raw  // the server's own packing is off already
    return new Uint8Array(await new Response(new Blob([raw]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer())
  }
  const text = raw => new TextDecoder().decode(raw)
  const index = () => once('index', async () => {
    const all = JSON.parse(text(await bytes('search/index.bin')))
    for (const t of all.tiers) {
      let n = 0
      t.at = {}
      for (let [file, at, many] of t.f) while (many--) t.at[t.b[n]] = [`search/${file}.bin`, at, at += t.l[n++]]
    }
    return all
  })
  const bucket = (tier, first) => once(tier.name + first, async () => {
    const raw = await bytes(...tier.at[first]), size = new DataView(raw.buffer).getUint32(0)
    const { w, l } = JSON.parse(text(raw.subarray(4, 4 + size))), found = new Map()
    let at = 4 + size
    w.forEach((word, n) => found.set(word, raw.subarray(at, at += l[n])))
    return found
  })
  const docs = (raw, take) => {
    let at = 0
    const int = () => { let value = 0, shift = 1, b; do { b = raw[at++]; value += (b & 127) * shift; shift *= 128 } while (b > 127); return value }
    while (at < raw.length) {
      const number = int(), length = int(), end = at + length
      while (at < end) {
        const doc = number * 1e4 + int(), impact = raw[at++], places = []
        for (let n = raw[at++], place = 0; n--;) places.push(place += int())
        take(doc, impact, places)
      }
    }
  }
  const before = (firsts, word) => { let n = 0; while (n < firsts.length && firsts[n] <= word) n++; return n }
  const postings = async (tier, word, open) => {
    const n = before(tier.b, word), found = [], exact = n ? await bucket(tier, tier.b[n - 1]) : new Map()
    if (exact.has(word)) found.push([word, exact.get(word)])
    if (!open) return found
    const from = Math.max(0, before(tier.b, open) - 1), to = Math.min(before(tier.b, open + '\uffff'), from + 8)
    let left = 60
    for (const one of await Promise.all(tier.b.slice(from, to).map(b => bucket(tier, b)))) for (const [w, raw] of one)
      if (w.startsWith(open) && w !== word && left-- > 0) found.push([w, raw])
    return found
  }
  const matches = async (tiers, word, open) => {
    const found = new Map()
    for (const all of await Promise.all(tiers.map(t => postings(t, word, open)))) for (const [w, raw] of all)
      docs(raw, (doc, impact) => found.set(doc, Math.max(found.get(doc) || 0, impact * (w === word ? 1 : 0.6))))
    return found
  }
  const phrase = async (tiers, words) => {
    let starts
    for (const [far, word] of words) {
      const here = new Map()
      for (const all of await Promise.all(tiers.map(t => postings(t, word)))) for (const [, raw] of all)
        docs(raw, (doc, _, places) => { const s = places.map(p => p - far).filter(p => !starts || (starts.get(doc) || []).includes(p)); if (s.length) here.set(doc, s) })
      starts = here
    }
    return starts
  }
  const rank = async asked => {
    const { tiers, bulletins, n: total } = await index()
    const q = asked.get('q') || '', words = plain(q), seen = new Map(words.filter(w => !STOP.has(w)).map(w => [stem(w), '']))
    const open = /[\p{L}\p{N}]$/u.test(q) && words[words.length - 1]
    if (open && !STOP.has(open)) seen.set(stem(open), [...open].length > 2 ? open : '')
    const phrases = [...q.matchAll(/"([^"]*)"/g)].map(m => plain(m[1]).map((w, n) => [n, w]).filter(([, w]) => !STOP.has(w)).map(([n, w]) => [n, stem(w)])).filter(p => p.length)
    let near = false
    const facets = [['kind', 'k'], ['section', 's'], ['for', 'a']].filter(([n]) => asked.get(n)).map(([n, f]) => `!${f}:${asked.get(n)}`)
    const [found, allowed, inside] = await Promise.all([
      Promise.all([...seen].map(async ([w, o]) => {
        const all = await matches(tiers, w, o)
        const other = all.size ? '' : await (await import(`${top}search/like.js`)).like(tiers, w, bucket, before)
        near ||= !!other
        return other ? matches(tiers, other, '') : all
      })),
      Promise.all(facets.map(f => matches(tiers, f))), Promise.all(phrases.map(p => phrase(tiers, p)))])
    let scores = new Map()
    for (const one of found) {
      const rare = Math.log(1 + (total - one.size + 0.5) / (one.size + 0.5))
      for (const [doc, impact] of one) { const [s, m] = scores.get(doc) || [0, 0]; scores.set(doc, [s + rare * impact, m + 1]) }
    }
    if (!seen.size && allowed.length) scores = new Map([...allowed[0].keys()].map(doc => [doc, [0, 0]]))
    const day = n => new Date((n - 719163) * 864e5).toISOString().slice(0, 10), b = asked.get('bulletin')
    const score = doc => { const [s, m] = scores.get(doc); return Math.round(s * (m / (seen.size || 1)) ** 2 * 1e6) / 1e6 }
    const ranked = [...scores.keys()].filter(doc => {
      const number = Math.floor(doc / 1e4), told = day(Math.floor(number / 32))
      return allowed.every(a => a.has(doc)) && inside.every(p => p.has(doc)) && (!b || bulletins[number % 32] === b)
        && !(asked.get('since') > told) && !(asked.get('until') && asked.get('until') < told)
    }).map(doc => [doc, score(doc)]).sort((x, y) => y[1] - x[1] || Math.floor(y[0] / 1e4) - Math.floor(x[0] / 1e4) || x[0] - y[0]).map(([doc]) => doc)
    return [ranked, near]
  }
  const told = doc => once(`i${Math.floor(doc / 1e4)}`, async () => JSON.parse(text(await bytes(`search/items/${Math.floor(doc / 1e4)}.bin`)))).then(all => all[doc % 1e4])
  const element = (name, kind, words) => Object.assign(document.createElement(name), { className: kind, textContent: words })
  const row = ([path, title, label, description, iso, when]) => {
    const made = element('li', 'row', ''), link = Object.assign(element('a', '', title), { href: top + path }), head = element('p', 'row-title', '')
    head.append(link)
    if (label) made.append(element('p', 'labels label', label))
    made.append(head, element('p', 'row-say', description), element('p', 'meta', (when ? when + ' · ' : '') + say.published.replace('{date}', new Date(iso + 'T12:00').toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' }))))
    return made
  }
  let asked = 0, ranked = [], shown = 0
  const page = async () => {
    const next = await Promise.all(ranked.slice(shown, shown + 10).map(told))
    list.append(...next.map(row))
    shown += next.length
    more.hidden = shown >= ranked.length
    return list.children[shown - next.length]
  }
  const search = async () => {
    const turn = ++asked, values = new URLSearchParams([...new FormData(form)].filter(([, v]) => v.trim()))
    history.replaceState(null, '', values.size ? '?' + values : location.pathname)
    box.hidden = !values.size
    if (!values.size) return
    count.textContent = say.busy
    try {
      const [found, near] = await rank(values)
      if (turn !== asked) return
      ranked = found, shown = 0
      list.replaceChildren()
      count.textContent = ranked.length ? (near ? say.near + ' ' : '') + (ranked.length === 1 ? say.one : say.many.replace('{count}', ranked.length.toLocaleString('en-GB'))) : `${say.none} ${say.help}`
      await page()
    } catch { kept.clear(); if (turn === asked) { count.textContent = say.error; list.replaceChildren(); more.hidden = true } }
    box.dataset.done = turn
  }
  let wait
  form.addEventListener('input', () => { clearTimeout(wait); wait = setTimeout(search, 200) })
  form.addEventListener('submit', event => { event.preventDefault(); clearTimeout(wait); search() })
  more.addEventListener('click', () => page().then(first => first.querySelector('a').focus()))
  for (const [name, value] of new URLSearchParams(location.search)) if (form.elements[name]) form.elements[name].value = value
  if ([...new FormData(form)].some(([name, v]) => name !== 'q' && v)) form.querySelector('details').open = true
  search()
})()
