# Writes a .cpp that holds files as arrays of bytes: name, media type, content. Bytes, not string literals: a CMake
# string does not keep semicolons, brackets and text beyond ASCII as they are.
set(media_html "text/html; charset=utf-8")
set(media_css "text/css; charset=utf-8")
set(media_js "text/javascript; charset=utf-8")
set(media_svg "image/svg+xml")
set(arrays "")
set(table "")
set(number 0)
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  get_filename_component(ending ${file} LAST_EXT)
  string(SUBSTRING ${ending} 1 -1 ending)
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "(................................................)" "\\1\n    " bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
  string(APPEND arrays "constexpr char kFile${number}[] = {\n    ${bytes}'\\0'};\n")
  string(APPEND table "    {\"${name}\", \"${media_${ending}}\", std::string_view(kFile${number}, sizeof(kFile${number}) - 1)},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT}
  "#include <array>\n\n#include \"gateway/page_files.hpp\"\n\nnamespace lockstep::gateway {\nnamespace {\n\n${arrays}\n"
  "constexpr std::array<PageFile, ${number}> kFiles = {{\n${table}}};\n\n}  // namespace\n\n"
  "std::span<const PageFile> page_files() { return kFiles; }\n\n}  // namespace lockstep::gateway\n")
