# Writes a .cpp that holds files as arrays of bytes. Bytes, not string literals: a CMake string does not keep semicolons,
# brackets and text beyond ASCII as they are. HEADER declares, in NAMESPACE, the struct ITEM and `std::span<const ITEM>
# FUNCTION()`. With ROOT an item is the name below ROOT and the content; without, the file's name, its media type and the
# content.
set(media_html "text/html; charset=utf-8")
set(media_css "text/css; charset=utf-8")
set(media_js "text/javascript; charset=utf-8")
set(media_svg "image/svg+xml")
set(arrays "")
set(table "")
set(number 0)
foreach(file IN LISTS FILES)
  if(ROOT)
    file(RELATIVE_PATH name ${ROOT} ${file})
    set(media "")
  else()
    get_filename_component(name ${file} NAME)
    get_filename_component(ending ${file} LAST_EXT)
    string(SUBSTRING ${ending} 1 -1 ending)
    set(media "\"${media_${ending}}\", ")
  endif()
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "(................................................)" "\\1\n    " bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
  string(APPEND arrays "constexpr char kFile${number}[] = {\n    ${bytes}'\\0'};\n")
  string(APPEND table "    {\"${name}\", ${media}std::string_view(kFile${number}, sizeof(kFile${number}) - 1)},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT}
  "#include <array>\n\n#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\nnamespace {\n\n${arrays}\n"
  "constexpr std::array<${ITEM}, ${number}> kFiles = {{\n${table}}};\n\n}  // namespace\n\n"
  "std::span<const ${ITEM}> ${FUNCTION}() { return kFiles; }\n\n}  // namespace ${NAMESPACE}\n")
