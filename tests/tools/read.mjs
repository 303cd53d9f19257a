// What feedsmith tells of feeds, and ical.js of calendars: {path: text} on the way in, {path: told} on the way out.
import { readFileSync } from 'node:fs'
import { parseAtomFeed, parseJsonFeed, parseRssFeed } from 'feedsmith'
import ICAL from 'ical.js'

const link = entry => entry.links.find(one => !one.rel || one.rel === 'alternate').href
const feeds = {
  xml: text => parseAtomFeed(text).entries.map(entry => [entry.id, link(entry), entry.title.value ?? entry.title]),
  rss: text => parseRssFeed(text).items.map(item => [item.guid.value, item.link, item.title]),
  json: text => parseJsonFeed(text).items.map(item => [item.id, item.url, item.title])
}
const start = time => time.isDate ? time.toString() : time.toJSDate().toISOString().slice(0, 16)
const calendar = text => {
  const all = new ICAL.Component(ICAL.parse(text))
  for (const zone of all.getAllSubcomponents('vtimezone')) ICAL.TimezoneService.register(zone)
  return Object.fromEntries(all.getAllSubcomponents('vevent').map(one => {
    const event = new ICAL.Event(one)
    return [event.uid.split('@')[0], [event.summary, start(event.startDate), one.getFirstPropertyValue('status') ?? '']]
  }))
}
const read = (path, text) => path.endsWith('.ics') ? calendar(text) : feeds[path.split('.').pop()](text)
const given = JSON.parse(readFileSync(0, 'utf8'))
process.stdout.write(JSON.stringify(Object.fromEntries(Object.entries(given).map(([path, text]) => [path, read(path, text)]))))
