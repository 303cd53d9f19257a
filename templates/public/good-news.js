/* Better with it, complete without it: how many characters are left, and which questions about consent are to be answered. */
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
