/** Words that say what a number next to them is: a coordinate, a direction, or nothing by themselves. */

import { isDigit } from "./neighbour.ts";
import { WordList } from "./word_list.ts";

/** Names of latitude, longitude, or both. Also keys of records and of URLs. */
export const COORDINATE_WORDS = new WordList(
  "lat lats lng lngs lon lons long lati longi latlng latlon latlong lnglat lonlat longlat ll sll gps geo",
  "coord coords coordinate coordinates koordinaten koordinate koord coordonnées coordonnee coordenadas",
  "coordenada coordinata koordinat koordinater koordinatit coördinaten współrzędne souřadnice",
  "координаты координати координата συντεταγμένες koordinatlar koordináták toạ tọa 座標 坐标 좌표",
  "निर्देशांक إحداثيات إحداثية מיקום พิกัด स्थानांक",
  "breitengrad breitengrade längengrad längengrade laengengrad geobreite geolänge",
  "широта широты широту шир долгота долготы долготу довгота довготи",
  "wgs ido keido vido kinhdo xcoord ycoord",
  "enlem boylam lintang bujur leveysaste leveysasteet pituusaste",
  "breddgrad breddegrad längdgrad lengdegrad længdegrad breedtegraad lengtegraad độ",
  "緯度 経度 經度 纬度 经度 北緯 南緯 東経 西経 北纬 南纬 东经 西经 東經 西經 위도 경도 북위 남위 동경 서경",
  "अक्षांश देशांतर देशान्तर रेखांश অক্ষাংশ দ্রাঘিমাংশ அட்சரேகை தீர்க்கரேகை అక్షాంశం రేఖాంశం",
  "ละติจูด ลองจิจูด განედი გრძედი լայնություն երկայնություն өргөрөг уртраг ендік бойлық kenglik",
  "અક્ષાંશ રેખાંશ ಅಕ್ಷಾಂಶ ರೇಖಾಂಶ അക്ഷാംശം രേഖാംശം අක්ෂාංශ දේශාංශ ਅਕਸ਼ਾਂਸ਼ ਵਿਥਕਾਰ ਲੰਬਕਾਰ lledred hydred",
  "breiddargráða lengdargráða gjerësia gjatësia ኬክሮስ ኬንትሮስ",
);

/** Languages that call latitude a width, and longitude a length. */
export const EXTENT_WORDS = new WordList(
  "breedte lengte breite länge laenge ширина довжина дължина szerokość długość šířka délka szélesség hosszúság širina",
  "dužina dolžina lățime lungime platums garums platuma ilguma laius pikkus πλάτος μήκος geograficzna",
  "العرض الطول عرض طول جغرافیایی רוחב אורך geographische geografische географическая",
);

/** Latitude and longitude at the end of a compound in lower case: `venuelat`, `mlon`, `minlng`. */
const COMPOUND = new RegExp(
  "^(?:[a-z]|the|my|your|our|venue|place|event|home|house|start|end|from|to|origin|dest|destination|" +
    "pickup|dropoff|pick|drop|geo|map|user|client|device|phone|center|centre|marker|point|pin|pos|" +
    "position|loc|location|gps|min|max|sw|ne|nw|se|first|last|cur|current|photo|image|img|exif|wgs|" +
    "wgs84|store|shop|club|bar|city|scene|post|stop|station|target|dst|src|initial|default|exact|" +
    "precise|real|true|raw|orig|original|new|old|meet|meeting)(?:lat|lng|lon|long)s?$",
);
/** Words that only end like one of them. */
const NO_COMPOUND = new WordList("flat slat plat alat along elon selat tolong");

/** As in `latitudine`. */
const MIN_PART = "latitud".length;

/** Whether a word, folded and in lower case, is the name of a coordinate: `lat`, `lat2`, `venuelat`. */
export function isCoordinateWord(word: string): boolean {
  let end = word.length;
  while (end > 0 && isDigit(word, end - 1)) end--;
  if (end === 0) return false;
  const name = end === word.length ? word : word.slice(0, end);
  if (COORDINATE_WORDS.has(name)) return true;
  if (name.length >= MIN_PART && (name.includes("latitud") || name.includes("longitud"))) {
    return true;
  }
  return name.length > 3 && endsLikeCompound(name) && COMPOUND.test(name) && !NO_COMPOUND.has(name);
}

/** On the last letter of `lat`, `lng`, `long` or `lon`, with or without `s`. */
function endsLikeCompound(name: string): boolean {
  const last = name[name.length - 1] === "s" ? name[name.length - 2] : name[name.length - 1];
  return last === "t" || last === "g" || last === "n";
}

/** Directions, next to a number or between two. */
export const DIRECTION_WORDS = new WordList(
  "nördlich nördliche nördlicher südlich südliche südlicher östliche östlicher westliche westlicher",
  "n s e w o north south east west northern southern eastern western nord süd sued",
  "ost ouest est sud norte sur este oeste sul leste noord zuid oost север юг восток запад",
  "сш юш вд зд с ю в з ш д północ południe wschód zachód kuzey güney doğu batı उत्तर दक्षिण पूर्व पश्चिम",
  "شمال جنوب شرق غرب شمالا شرقا 北 南 東 西 东",
);

/** Names that may mean a place: keys of records, and labels before a value. */
export const PLACE_WORDS = new WordList(
  "geo centroid geometry geolocation geotag geofence location locations loc place places venue venues long",
  "address addresses where whereabouts position positions pos point points pin pins marker markers",
  "center centre bounds boundary polygon route track waypoint waypoints map spot",
  "adresse anschrift dirección indirizzo endereço adres адрес 住所 地址 주소 ort standort treffpunkt lage",
  "lugar ubicación lieu emplacement luogo posizione posición localização localização konum lokasi",
  "местоположение место мiсце 場所 位置 地点 地點 위치 장소 punkt punto karte mapa carte स्थान पता موقع مكان",
);

/** Degrees and their parts. */
export const DEGREE_WORDS = new WordList(
  "deg degs degree degrees dd grad grade grados grado gradi degré degrés grau graus graden grader",
  "stopni stopień stupňů astetta derece градус градуса градусов градусів अंश درجة درجات 度 도",
);

/** Words that join a number to its neighbours without meaning of their own. */
export const JOINING_WORDS = new WordList(
  "is are was be equals equal of at and then by to the a my our its it s about around approx approximately",
  "ca circa roughly exactly or here there value with in on from for for now you can find",
  "ist und bei dann von zu der die das hier dort etwa ungefähr genau y es son en de la el a con aquí",
  "et est à environ puis le les e è di il o um uma é são i oraz jest to и а это на около затем है और और",
  "content and/or och er og ja on ve ile dan adalah",
);
