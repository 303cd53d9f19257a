// The preview follows the files: it asks whether anything is new and, when it is, loads the page again where it was.
const remembered = sessionStorage
const frame = document.getElementById('letter')
const stage = document.querySelector('.stage')

function show(view) {
  stage.dataset.view = view
  remembered.setItem('view', view)
  const source = frame.dataset[view === 'text' ? 'text' : view === 'dark' ? 'dark' : 'light']
  if (frame.getAttribute('src') !== source) frame.src = source
  for (const button of document.querySelectorAll('[data-view][aria-pressed]')) {
    button.setAttribute('aria-pressed', String(button.dataset.view === view))
  }
}

function keepPlace() {
  const place = 'place:' + location.pathname
  frame.addEventListener('load', () => {
    const page = frame.contentWindow
    page.scrollTo(0, Number(remembered.getItem(place) || 0))
    page.addEventListener('scroll', () => remembered.setItem(place, String(page.scrollY)))
  })
}

async function follow(stamp) {
  for (;;) {
    try {
      const answer = await fetch('/changed?since=' + encodeURIComponent(stamp))
      if ((await answer.json()).stamp !== stamp) return location.reload()
    } catch {
      await new Promise(resolve => setTimeout(resolve, 1000))
    }
  }
}

if (frame) {
  keepPlace()
  for (const button of document.querySelectorAll('button[data-view]')) {
    button.addEventListener('click', () => show(button.dataset.view))
  }
  document.getElementById('edition').addEventListener('change', event => { location.href = event.target.value + location.search })
  document.getElementById('reader').addEventListener('change', event => event.target.form.requestSubmit())
  show(remembered.getItem('view') || 'desktop')
}
follow(document.body.dataset.stamp)
