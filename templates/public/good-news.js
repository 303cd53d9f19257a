/* Better with it, complete without it: how many characters are left, which questions about consent are to be
   answered, and that photos are on their way: on a slow line that takes a while. */
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
