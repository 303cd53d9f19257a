// Slips of the finger, fetched by search.js only when a word is nowhere. It does what `like` in search/query.py does.
const far = (one, other) => {
  let earlier, last, row = [...Array(other.length + 1).keys()]
  one.forEach((a, i) => {
    [earlier, last, row] = [last, row, [i + 1]]
    other.forEach((b, j) => {
      row.push(Math.min(last[j + 1] + 1, row[j] + 1, last[j] + (a !== b)))
      if (i && j && a === other[j - 1] && one[i - 1] === b) row[j + 1] = Math.min(row[j + 1], earlier[j - 1] + 1)
    })
  })
  return row[other.length]
}
// The word of the index that somebody may have meant: it begins alike, and a letter or two differ.
export const like = async (tiers, word, bucket, before) => {
  const letters = [...word], two = letters.slice(0, 2).join(''), weights = new Map()
  if (letters.length < 4 || !/^\p{L}+$/u.test(word)) return ''
  await Promise.all(tiers.map(async tier => {
    const to = before(tier.b, two + '\uffff')
    let from = Math.max(0, before(tier.b, two) - 1)
    from = Math.max(from, Math.min(before(tier.b, word) - 12, to - 24))
    for (const one of await Promise.all(tier.b.slice(from, Math.min(to, from + 24)).map(b => bucket(tier, b)))) for (const [w, raw] of one)
      if (w.startsWith(two)) weights.set(w, (weights.get(w) || 0) + raw.length)
  }))
  const apart = w => far(letters, [...w]), most = letters.length < 8 ? 1 : 2
  const found = [...weights.keys()].filter(w => Math.abs([...w].length - letters.length) < 3).map(w => [apart(w), -weights.get(w), w]).filter(([n]) => n <= most)
  return found.length ? found.reduce((x, y) => (y[0] - x[0] || y[1] - x[1] || (y[2] < x[2] ? -1 : 1)) < 0 ? y : x)[2] : ''
}
