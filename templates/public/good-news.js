/* Better with it, complete without it: how many characters are left, which questions about consent are to be answered, which
   photos are too large, and that photos are on their way: on a slow line that takes a while. */
"use strict"

for (const field of document.querySelectorAll("[data-most]")) {
  const left = document.getElementById(field.id + "-left")
  if (!left) continue
  const most = Number(field.dataset.most)
  const said = document.createElement("span")
  const told = document.createElement("span")
  told.className = "unseen"
  told.setAttribute("aria-live", "polite")
  left.after(told)
  left.replaceChildren(said)
  let waiting = 0
  const count = () => {
    const rest = most - [...field.value.trim()].length
    const words = Math.abs(rest).toLocaleString("en-GB") + (Math.abs(rest) === 1 ? " character " : " characters ")
    said.textContent = rest >= 0 ? "You have " + words + "left." : "You have " + words + "too many."
    left.classList.toggle("over", rest < 0)
    clearTimeout(waiting)
    waiting = setTimeout(() => { told.textContent = said.textContent }, 1000)
  }
  field.addEventListener("input", count)
  count()
}

for (const photo of document.querySelectorAll(".photo")) {
  const agreed = photo.querySelector(".agreed")
  const people = photo.querySelector("input[value=people]")
  const show = () => { agreed.hidden = !people.checked }
  photo.addEventListener("change", show)
  show()
}

/* Which of the chosen photos are too large, before they are sent. */
const photos = document.querySelector("input[data-each]")
if (photos) {
  const told = document.createElement("p")
  told.className = "problem"
  told.setAttribute("aria-live", "polite")
  photos.after(told)
  const size = bytes => Math.ceil(bytes / 1e6) + " MB"
  photos.addEventListener("change", () => {
    const chosen = [...photos.files], all = chosen.reduce((sum, photo) => sum + photo.size, 0)
    const large = chosen.filter(photo => photo.size > Number(photos.dataset.each)).map(photo => photo.name + " (" + size(photo.size) + ")")
    told.textContent = large.length ? "Too large to send: " + large.join(", ") + ". Smaller copies are enough."
      : all > Number(photos.dataset.all) ? "Together these are too large (" + size(all) + "). Choose fewer now; the next page takes more." : ""
  })
}

const form = document.querySelector("main form[enctype]")
if (form) {
  let pressed = null, said = ""
  form.addEventListener("submit", event => {
    const button = event.submitter
    if (pressed || !button || !button.dataset.busy) return
    pressed = button
    said = button.textContent
    button.setAttribute("aria-live", "polite")
    button.textContent = button.dataset.busy
  })
  addEventListener("pageshow", () => {  // by the browser's Back button
    if (pressed) pressed.textContent = said
    pressed = null
  })
}
