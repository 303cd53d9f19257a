// Reads the page again while something is under way, and swaps its live part. Without it, there is a link to look again.
(() => {
  'use strict'
  const look = async () => {
    const here = document.getElementById('live')
    if (!here || !here.dataset.live) return
    // Not while somebody is about to press something in it.
    if (here.contains(document.activeElement) || here.querySelector('details[open]')) return again(here)
    try {
      const answer = await fetch(location.href, {headers: {Accept: 'text/html'}, cache: 'no-store'})
      if (answer.redirected) return location.replace(answer.url)
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html'), fresh = page.getElementById('live')
      if (!answer.ok || !fresh) return
      if (!fresh.dataset.live) return location.reload()
      here.replaceWith(document.adoptNode(fresh))
      again(fresh)
    } catch { again(here) }
  }
  const again = section => setTimeout(look, Number(section.dataset.live) * 1000)
  const first = document.getElementById('live')
  if (first && first.dataset.live) again(first)
})()
