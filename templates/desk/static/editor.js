// Keeps what is typed, shows what the proof-reader says and the letter as it would be, and helps with Markdown.
// Without it the same form has buttons for all of that.
(() => {
  'use strict'
  const form = document.getElementById('item')
  if (!form) return
  document.documentElement.classList.add('scripted')
  const PAUSE = 120, BEAT = 60_000  // ms: after a key; and "I have this open"
  const kept = document.getElementById('kept'), glass = document.getElementById('glass')
  const preview = document.getElementById('preview'), body = document.getElementById('body')
  const reader = document.getElementById('as'), view = document.getElementById('view')
  const severity = JSON.parse(form.dataset.severity)
  let timer = 0, running = false, again = false, dirty = false

  const say = (name, wrong) => { kept.textContent = kept.dataset[name]; kept.classList.toggle('wrong', Boolean(wrong)) }

  // --- keeping and showing ---

  const typed = withPicture => {
    const data = new FormData(form)
    const picture = form.elements.namedItem('picture')
    if (!withPicture || !picture || !picture.files.length) data.delete('picture')
    data.delete('words')
    return data
  }

  const keep = async withPicture => {
    if (running) { again = true; return }
    running = true
    dirty = false
    say('keeping')
    try {
      const data = typed(withPicture)
      const answer = await fetch(form.dataset.draft, {
        method: 'POST', headers: {Accept: 'application/json'},
        body: withPicture ? data : new URLSearchParams(data),
      })
      if (answer.status === 422) say('long', true)
      else if (!answer.ok || answer.redirected) say('stale', true)
      else { show(await answer.json(), withPicture); say('kept') }
    } catch { dirty = true; say('failed', true) }
    running = false
    if (again) { again = false; keep() }
  }

  const show = (told, withPicture) => {
    for (const place of document.querySelectorAll('[data-found]')) {
      place.replaceChildren(...(told.found[place.dataset.found] || []).map(finding))
    }
    for (const [name, one] of Object.entries(told.dates)) date(name, one)
    document.getElementById('size').value = told.size
    document.getElementById('size-said').textContent = Math.round(told.size / 1000)
    const not = document.getElementById('not-reached')
    not.textContent = told.reached ? '' : not.dataset.said
    if (withPicture) pictureKept(told)
    look()
  }

  // What the server made of a date; a whole one that was pasted goes into its boxes.
  const date = (name, one) => {
    const box = part => form.elements.namedItem(`d-${name}-${part}`)
    const said = form.querySelector(`[data-understood="d-${name}"]`), wrong = form.querySelector(`[data-wrong="d-${name}"]`)
    if (!said || !wrong) return
    said.textContent = one.understood
    const field = said.closest('fieldset')
    if (one.wrong.length && field.contains(document.activeElement)) return  // nobody is told off while they type
    const texts = one.wrong.map(problem => problem.said)
    if (texts.join() !== [...wrong.children].map(p => p.dataset.said || '').join()) wrong.replaceChildren(...texts.map(text => {
      const line = document.createElement('p')
      line.className = 'problem'
      line.textContent = line.dataset.said = text
      return line
    }))
    field.classList.toggle('marked', texts.length > 0)
    for (const part of ['day', 'month', 'year', 'time']) {
      const bad = one.wrong.some(problem => problem.part === part)
      box(part).classList.toggle('wrong', bad)
      bad ? box(part).setAttribute('aria-invalid', 'true') : box(part).removeAttribute('aria-invalid')
      if (one.understood && box('day').value.length > 2 && part !== 'day') box(part).value = one.boxes[part]
    }
    if (one.understood && box('day').value.length > 2) box('day').value = one.boxes.day
  }

  const finding = one => {
    const line = document.createElement('p'), head = document.createElement('b')
    line.className = `finding ${one.severity}`
    head.className = 'severity'
    head.textContent = severity[one.severity]
    line.append(head, ` ${one.message}`)
    if (one.line) {
      const place = document.createElement('span')
      place.className = 'place'
      place.dataset.line = one.line
      place.textContent = ` Line ${one.line}: “${one.words}”`
      line.append(place)
    }
    return line
  }

  const pictureKept = told => {
    const input = form.elements.namedItem('picture')
    input.value = ''
    let hidden = form.elements.namedItem('h-image')
    if (!hidden) {
      hidden = Object.assign(document.createElement('input'), {type: 'hidden', name: 'h-image'})
      form.append(hidden)
    }
    if (told.image) hidden.value = told.image
    const place = document.querySelector('[data-found="image"]')
    const line = document.createElement('p')
    line.textContent = told.problem || told.image
    place.append(line)
  }

  // The new letter is drawn behind the old one, so that nothing flickers.
  const look = () => {
    const url = `${preview.dataset.letter}?as=${encodeURIComponent(reader.value)}&view=${view.value}&n=${Date.now()}`
    const next = document.createElement('iframe')
    next.title = 'The letter'
    next.sandbox = 'allow-popups'
    next.className = 'coming'
    next.src = preview.dataset.anchor ? `${url}#${preview.dataset.anchor}` : url
    glass.querySelectorAll('.coming').forEach(old => old.remove())
    next.addEventListener('load', () => {
      if (!next.isConnected) return
      next.classList.remove('coming')
      glass.dataset.view = view.value
      glass.querySelectorAll('iframe').forEach(old => { if (old !== next) old.remove() })
      glass.dispatchEvent(new CustomEvent('shown'))
    })
    glass.append(next)
  }

  const soon = () => { dirty = true; clearTimeout(timer); timer = setTimeout(keep, PAUSE) }
  form.addEventListener('input', event => { if (event.target.name !== 'picture') soon() })
  form.addEventListener('change', event => {
    if (event.target.name === 'picture') { clearTimeout(timer); keep(true) }
    if (event.target.name === 'h-kind') {  // another kind has other fields
      clearTimeout(timer)
      form.action = form.dataset.draft
      form.submit()
    }
  })
  form.addEventListener('focusout', event => {
    const field = event.target.closest('fieldset.date')
    if (field && !field.contains(event.relatedTarget)) soon()
  })
  reader.addEventListener('change', event => { event.stopPropagation(); keep() })
  view.addEventListener('change', event => { event.stopPropagation(); look() })
  for (const choice of [reader, view]) choice.addEventListener('input', event => event.stopPropagation())
  addEventListener('pagehide', () => {
    if (dirty) navigator.sendBeacon(form.dataset.draft, new URLSearchParams(typed()))
  })
  form.addEventListener('submit', () => { clearTimeout(timer); dirty = false })
  setInterval(() => { if (!document.hidden && kept.textContent === kept.dataset.kept) keep() }, BEAT)

  // --- from a finding to its line ---

  document.addEventListener('click', event => {
    const place = event.target.closest('.place[data-line]')
    if (!place || !body) return
    const lines = body.value.split('\n'), number = Number(place.dataset.line)
    const start = lines.slice(0, number - 1).join('\n').length + (number > 1 ? 1 : 0)
    body.focus()
    body.setSelectionRange(start, start + (lines[number - 1] || '').length)
  })

  // --- Markdown ---

  const tools = document.querySelector('.tools')
  if (tools && body) {
    tools.hidden = false
    const around = (mark, empty) => {
      const [start, end] = [body.selectionStart, body.selectionEnd]
      const words = body.value.slice(start, end) || empty
      body.setRangeText(mark + words + mark, start, end, 'end')
      body.setSelectionRange(start + mark.length, start + mark.length + words.length)
    }
    const lines = (mark, numbered) => {
      const start = body.value.lastIndexOf('\n', body.selectionStart - 1) + 1
      const stop = body.value.indexOf('\n', body.selectionEnd)
      const end = stop < 0 ? body.value.length : stop
      const words = body.value.slice(start, end).split('\n').map((line, n) => (numbered ? `${n + 1}. ` : mark) + line)
      const gap = start > 0 && body.value.slice(start - 2, start) !== '\n\n' ? '\n' : ''  // Markdown wants an empty line
      body.setRangeText(gap + words.join('\n'), start, end, 'end')
    }
    const acts = {
      bold: () => around('**', 'bold words'), italic: () => around('*', 'words'), heading: () => lines('## '),
      list: () => lines('- '), numbers: () => lines('', true), quote: () => lines('> '),
      link: () => {
        const [start, end] = [body.selectionStart, body.selectionEnd], words = body.value.slice(start, end) || 'words'
        body.setRangeText(`[${words}](https://)`, start, end, 'end')
        body.setSelectionRange(body.selectionEnd - 1, body.selectionEnd - 1)
      },
    }
    tools.addEventListener('click', event => {
      const tool = event.target.closest('[data-tool]')
      if (!tool) return
      acts[tool.dataset.tool]()
      body.focus()
      soon()
    })
    body.addEventListener('keydown', event => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey) return
      const act = {b: 'bold', i: 'italic', k: 'link'}[event.key.toLowerCase()]
      if (act) { event.preventDefault(); acts[act](); soon() }
    })
  }

  // --- counters ---

  for (const field of document.querySelectorAll('[data-most]')) {
    const counter = document.createElement('p')
    counter.className = 'counter'
    field.after(counter)
    const count = () => {
      const left = Number(field.dataset.most) - field.value.length
      counter.textContent = left < 0 ? `${-left} characters too many` : `${left} characters left`
      counter.classList.toggle('over', left < 0)
    }
    field.addEventListener('input', count)
    count()
  }
})()
