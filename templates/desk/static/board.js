// Moves items with the mouse, and the arrows without reading the page again. Without it, the arrows are plain buttons.
(() => {
  'use strict'
  const board = document.getElementById('board'), said = document.getElementById('said')
  if (!board) return
  const token = board.elements.namedItem('form').value
  const lists = [...board.querySelectorAll('.cards')]
  const sectionOf = list => list.closest('.group').dataset.section
  for (const button of board.querySelectorAll('.cards [name="up"]')) button.closest('li').draggable = true
  const own = list => [...list.children].filter(card => card.draggable)
  let dragged = null, queue = Promise.resolve()

  const tell = list => {
    for (const one of lists) {
      const group = one.closest('.group'), count = one.children.length
      group.querySelector('.group-count').textContent = count || ''
      const empty = group.querySelector('.group-empty')
      if (empty) empty.hidden = count > 0
    }
    const title = list.querySelector ? '' : list
    said.textContent = said.dataset.moved + title
  }

  // One after the other: a place counts only after the move before it.
  const send = card => {
    const list = card.parentElement
    const body = new URLSearchParams({form: token, item: card.id, section: sectionOf(list), place: own(list).indexOf(card)})
    tell(': ' + card.querySelector('a').textContent + ', ' + list.closest('.group').querySelector('h2').firstChild.textContent.trim())
    queue = queue.then(() => fetch(board.action, {method: 'POST', body, headers: {Accept: 'application/json'}}))
      .then(answer => { if (!answer.ok) throw new Error(answer.status) })
      .catch(() => { said.textContent = said.dataset.failed; location.reload() })
  }

  const place = (card, list, before) => { list.insertBefore(card, before); send(card) }

  board.addEventListener('click', event => {
    const button = event.target.closest('.cards button')
    if (!button) return
    event.preventDefault()
    const card = button.closest('.cards > li'), list = card.parentElement, here = lists.indexOf(list)
    if (button.name === 'up') {
      if (card.previousElementSibling) place(card, list, card.previousElementSibling)
      else if (here > 0) place(card, lists[here - 1], null)
    } else if (card.nextElementSibling) place(card, list, card.nextElementSibling.nextElementSibling)
    else if (here < lists.length - 1) place(card, lists[here + 1], lists[here + 1].firstElementChild)
    button.focus()
    card.scrollIntoView({block: 'nearest'})
  })

  const unmark = () => board.querySelectorAll('.before, .over').forEach(one => one.classList.remove('before', 'over'))
  const target = event => {
    const group = event.target.closest('.group')
    if (!group || !dragged) return null
    const list = group.querySelector('.cards')
    const before = [...list.children].find(card => {
      const box = card.getBoundingClientRect()
      return card !== dragged && event.clientY < box.top + box.height / 2
    })
    return {list, before: before || null}
  }
  board.addEventListener('dragstart', event => {
    dragged = event.target.closest('.cards > li')
    if (!dragged) return
    event.dataTransfer.effectAllowed = 'move'
    event.dataTransfer.setData('text/plain', dragged.id)
    requestAnimationFrame(() => dragged && dragged.classList.add('dragged'))
  })
  board.addEventListener('dragover', event => {
    const there = target(event)
    if (!there) return
    event.preventDefault()
    unmark()
    if (there.before) there.before.classList.add('before')
    else there.list.classList.add('over')
  })
  board.addEventListener('drop', event => {
    const there = target(event)
    if (!there) return
    event.preventDefault()
    place(dragged, there.list, there.before)
  })
  board.addEventListener('dragend', () => {
    unmark()
    if (dragged) dragged.classList.remove('dragged')
    dragged = null
  })
})()
