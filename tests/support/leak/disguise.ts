/** The ways in which a record can tell a place where no schema expects one. */

import type { Json } from "../../../lib/decoder/json.ts";
import { geohash, type Mark, plusCode, sexagesimal } from "./mark.ts";

export type Disguise = readonly [name: string, tell: (mark: Mark) => Json];

/** In text: fit for a name, a description, a tag, a URL. */
export const TEXTS: readonly Disguise[] = [
  ["prose", ({ lat, lng }) => `meet at ${lat}, ${lng} after nine`],
  ["bare pair", ({ lat, lng }) => `${lat} ${lng}`],
  ["decimal commas", ({ lat, lng }) => `${comma(lat)}; ${comma(lng)}`],
  ["labels", ({ lat, lng }) => `lat=${lat} and so on, longitude: ${lng}`],
  ["hemispheres", ({ lat, lng }) => `${Math.abs(lat)}° N by the water, ${Math.abs(lng)}E`],
  ["degrees", ({ lat, lng }) => `${sexagesimal(lat)}N ${sexagesimal(lng)}W`],
  [
    "degrees in a URL",
    ({ lat, lng }) => encodeURI(`https://m.example/${sexagesimal(lat)}N+${sexagesimal(lng)}E`),
  ],
  ["geo URI", ({ lat, lng }) => `geo:${lat},${lng};u=5`],
  ["map URL", ({ lat, lng }) => `https://maps.example/@${lat},${lng},17z`],
  ["encoded URL", ({ lat, lng }) => `https://maps.example/?q=${lat}%2C%20${lng}`],
  ["query", ({ lat, lng }) => `https://maps.example/?a=1&lat=${lat}&lng=${lng}`],
  ["WKT", ({ lat, lng }) => `SRID=4326;POINT(${lng} ${lat})`],
  ["plus code", (mark) => `come to ${plusCode(mark)}`],
  ["named geohash", (mark) => `geohash: ${geohash(mark)}`],
  ["geohash URL", (mark) => `https://geohash.org/${geohash(mark)}`],
  ["three words", ({ word }) => `///filled.${word}.soap`],
  ["JSON", ({ lat, lng }) => JSON.stringify({ name: "x", lat, lng })],
  ["JSON of texts", ({ lat, lng }) => JSON.stringify({ lat: `${lat}`, lng: `${lng}` })],
  ["JSON in JSON", ({ lat, lng }) => JSON.stringify({ a: JSON.stringify({ b: [{ lat, lng }] }) })],
  ["half of JSON", ({ lat, lng }) => `{"lat":${lat},"lng":${lng}`],
  ["JSON in prose", ({ lat, lng }) => `see [{"lat": ${lat}, "n": "x", "lng": ${lng}}] there`],
];

/** In values, under keys that the schema doesn't know. */
export const VALUES: readonly Disguise[] = [
  ["lat and lng", ({ lat, lng }) => ({ lat, lng })],
  ["lat and lon, texts", ({ lat, lng }) => ({ Lat: `${lat}`, LON: `${lng}` })],
  ["latitude and longitude", ({ lat, lng }) => ({ startLatitude: lat, start_longitude: lng })],
  ["pair", ({ lat, lng }) => [lat, lng]],
  ["pair of texts", ({ lat, lng }) => [`${lat}`, ` ${comma(lng)}`]],
  ["pairs", ({ lat, lng }) => [[lng, lat, 12], [lng + 0.0001, lat]]],
  ["GeoJSON", ({ lat, lng }) => ({ type: "Point", coordinates: [lng, lat] })],
  ["GeoJSON feature", ({ lat, lng }) => ({
    type: "Feature",
    bbox: [lng, lat, lng, lat],
    geometry: { type: "LineString", coordinates: [[lng, lat], [lng, lat]] },
  })],
  ["location", ({ lat, lng }) => ({ location: { lat, lng, allowPrecise: true } })],
  ["position", ({ lat, lng }) => ({ position: { x: lng, y: lat } })],
  ["units", ({ lat, lng }) => ({ latE7: Math.floor(lat * 1e7), lngE7: Math.floor(lng * 1e7) })],
  ["EXIF", ({ lat, lng }) => ({ "exif:GPSLatitude": lat, GPSInfo: { Lon: [lng] } })],
  ["key", ({ lat, lng }) => ({ [`${lat},${lng}`]: true })],
  ["geohash", (mark) => ({ geohash: geohash(mark), venue_geoHash: [geohash(mark).toUpperCase()] })],
  ["geohash in a place", (mark) => ({ place: { cell: geohash(mark) } })],
  ["plus code", (mark) => ({ pluscode: plusCode(mark) })],
  ["street", ({ word }) => ({ address: { street: `${word} lane`, houseNumber: word } })],
  ["community lexicon", ({ lat, lng }) => ({
    $type: "community.lexicon.location.geo",
    latitude: `${lat}`,
    longitude: `${lng}`,
  })],
  ["prototype", ({ lat, lng }) => JSON.parse(`{"__proto__":{"lat":${lat},"lng":${lng}}}`)],
];

/** What `location` itself can be without consent, right or wrong. */
export const LOCATIONS: readonly Disguise[] = [
  ["coordinates", ({ lat, lng }) => ({ lat, lng })],
  ["allowPrecise false", ({ lat, lng }) => ({ lat, lng, allowPrecise: false })],
  ["allowPrecise null", ({ lat, lng }) => ({ lat, lng, allowPrecise: null })],
  ["allowPrecise 1", ({ lat, lng }) => ({ lat, lng, allowPrecise: 1 })],
  ["allowPrecise text", ({ lat, lng }) => ({ lat, lng, allowPrecise: "true" })],
  ["allowPrecise list", ({ lat, lng }) => ({ lat, lng, allowPrecise: [true] })],
  ["allowPrecise misspelt", ({ lat, lng }) => ({ lat, lng, allowprecise: true })],
  ["texts", ({ lat, lng }) => ({ lat: `${lat}`, lng: `${lng}` })],
  ["text and number", ({ lat, lng }) => ({ lat: `${lat}`, lng, allowPrecise: false })],
  ["text with consent of another", ({ lat, lng }) => ({ lat: `${lat} `, lng, allowPrecise: true })],
  ["text of an exponent", ({ lat, lng }) => ({ lat: `${lat}e0`, lng, allowPrecise: true })],
  ["long text", ({ lat, lng }) => ({ lat: `${lat}`.padEnd(99, "0"), lng, allowPrecise: true })],
  ["half", ({ lat }) => ({ lat, allowPrecise: true })],
  ["the other half", ({ lng }) => ({ lng })],
  ["exchanged", ({ lat, lng }) => ({ lat: lng, lng: lat, allowPrecise: true })],
  ["lon", ({ lat, lng }) => ({ lat, lon: lng, allowPrecise: true })],
  ["words", ({ lat, lng }) => ({ latitude: lat, longitude: lng, allowPrecise: true })],
  ["GeoJSON", ({ lat, lng }) => ({ type: "Point", coordinates: [lng, lat], allowPrecise: true })],
  ["pair", ({ lat, lng }) => [lat, lng]],
  ["text", ({ lat, lng }) => `${lat},${lng}`],
  ["number", ({ lat }) => lat],
  ["altitude beside", ({ lat, lng }) => ({ lat, lng, alt: 12, raw: { lat, lng } })],
  ["fine geohash", (mark) => ({ coarseGeohash: geohash(mark) })],
  ["fine geohash with consent", (mark) => ({ coarseGeohash: geohash(mark), allowPrecise: true })],
  ["capital geohash", (mark) => ({ coarseGeohash: geohash(mark).toUpperCase() })],
  ["no geohash", ({ lat, lng }) => ({ coarseGeohash: `${lat},${lng}` })],
  ["geohash and coordinates", ({ lat, lng }) => ({ lat, lng, coarseGeohash: "u33db8" })],
  ["nested", ({ lat, lng }) => ({ point: { lat, lng } })],
];

function comma(value: number): string {
  return String(value).replace(".", ",");
}
