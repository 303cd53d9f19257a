/* The preview follows what is typed, a moment after the last key. Without it the button does the same. */
"use strict"

const form = document.getElementById("editing")
const show = document.getElementById("show")
if (form && show) {
  let waiting = 0
  const again = () => { clearTimeout(waiting); waiting = setTimeout(() => form.requestSubmit(show), 400) }
  form.addEventListener("input", again)
  form.addEventListener("change", again)
}
