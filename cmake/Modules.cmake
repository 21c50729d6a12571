# lockstep_module(<name> RANK <n> DEPS <modules...> [LIBS <external targets...>]
#                 [TEST_DEPS <modules only tests see...>] [TEST_LIBS <external targets...>])
#
# One folder = one library = one CMake target with listed dependencies. Sources are found, not listed:
#   *_test.cpp   unit tests, one binary per module, one CTest entry
#   *_fuzz.cpp   libFuzzer entry points (built with clang only)
#   *.cpp        the library
# A subfolder belongs to its module unless it has its own CMakeLists.txt.
#
# The order of the modules is held in four places:
#   configuring   RANK is the layer: a dependency must have a lower one
#   linking       <name>_link_test: an empty main, the whole archive, only the declared dependencies
#   ./dev lint    reads these same lines and rejects an include of any other module
#   configuring   a .cpp file that no target uses is an error
# tests/house plants a violation of each and checks that it is caught.

set(LOCKSTEP_ORPHANS "FATAL_ERROR" CACHE STRING "What a source file that no target uses is: FATAL_ERROR or WARNING")
set(LOCKSTEP_CONNECTOR_RANK 35)
set(LOCKSTEP_CONNECTOR_DEPS base wire sync connector)

function(_lockstep_check_rank name rank deps)
  foreach(dep IN LISTS deps)
    if(NOT TARGET lockstep_${dep})
      message(FATAL_ERROR "${name} depends on ${dep}, which is not below it")
    endif()
    get_target_property(dep_rank lockstep_${dep} LOCKSTEP_RANK)
    if(NOT dep_rank LESS rank)
      message(FATAL_ERROR "${name} (rank ${rank}) must not depend on ${dep} (rank ${dep_rank}): see ARCHITECTURE.md")
    endif()
  endforeach()
endfunction()

# A connector sees values, protocols and its port, never sockets or stores (DESIGN: connectors).
function(_lockstep_check_connector name rank deps)
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  if(NOT folder MATCHES "^connectors/")
    return()
  endif()
  if(NOT rank EQUAL LOCKSTEP_CONNECTOR_RANK)
    message(FATAL_ERROR "connector ${name} must have RANK ${LOCKSTEP_CONNECTOR_RANK}, not ${rank}")
  endif()
  foreach(dep IN LISTS deps)
    if(NOT dep IN_LIST LOCKSTEP_CONNECTOR_DEPS)
      message(FATAL_ERROR "connector ${name} must not depend on ${dep}: only on ${LOCKSTEP_CONNECTOR_DEPS}")
    endif()
  endforeach()
endfunction()

# Every .cpp below the current folder, without subfolders that are targets of their own.
function(_lockstep_find_sources out)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  file(GLOB_RECURSE nested CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*/CMakeLists.txt)
  foreach(file IN LISTS nested)
    get_filename_component(folder ${file} DIRECTORY)
    foreach(source IN LISTS sources)
      string(FIND "${source}" "${folder}/" at)
      if(at EQUAL 0)
        list(REMOVE_ITEM sources ${source})
      endif()
    endforeach()
  endforeach()
  set(${out} ${sources} PARENT_SCOPE)
endfunction()

function(_lockstep_link_test name)
  set(link_main ${PROJECT_BINARY_DIR}/link_test_main.cpp)
  if(NOT EXISTS ${link_main})
    file(WRITE ${link_main} "int main() { return 0; }\n")
  endif()
  add_executable(${name}_link_test ${link_main})
  target_link_libraries(${name}_link_test PRIVATE $<LINK_LIBRARY:WHOLE_ARCHIVE,lockstep_${name}>)
endfunction()

function(lockstep_module name)
  cmake_parse_arguments(ARG "" "RANK" "DEPS;LIBS;TEST_DEPS;TEST_LIBS" ${ARGN})
  if(NOT ARG_RANK MATCHES "^[0-9]+$" OR ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "lockstep_module(${name} ...): RANK must be a number; not understood: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  _lockstep_check_rank(${name} ${ARG_RANK} "${ARG_DEPS}")
  _lockstep_check_connector(${name} ${ARG_RANK} "${ARG_DEPS}")

  _lockstep_find_sources(sources)
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.cpp$")
  if(NOT sources)  # a module of headers only still gets its archive, so that nothing above it is special
    set(sources ${PROJECT_BINARY_DIR}/empty.cpp)
    if(NOT EXISTS ${sources})
      file(WRITE ${sources} "")
    endif()
  endif()

  set(dep_targets ${ARG_DEPS})
  list(TRANSFORM dep_targets PREPEND lockstep_)
  add_library(lockstep_${name} STATIC ${sources})
  set_target_properties(lockstep_${name} PROPERTIES LOCKSTEP_RANK ${ARG_RANK} LINKER_LANGUAGE CXX)
  target_include_directories(lockstep_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  target_link_libraries(lockstep_${name} PUBLIC lockstep_options ${dep_targets} ${ARG_LIBS})
  _lockstep_link_test(${name})

  if(tests)
    set(test_deps ${ARG_TEST_DEPS})
    list(TRANSFORM test_deps PREPEND lockstep_)
    lockstep_test(${name} SOURCES ${tests} LIBS lockstep_${name} ${test_deps} ${ARG_TEST_LIBS})
  endif()
  foreach(fuzzer IN LISTS fuzzers)
    lockstep_fuzzer(${name} ${fuzzer})
  endforeach()
endfunction()

# lockstep_test(<name> SOURCES ... LIBS ... [LABELS ...] [TIMEOUT seconds]): a GoogleTest binary
# <name>_test, one CTest entry <name>. `./dev test` counts the cases from the result file.
# Below tests/ it gets the label "whole": it runs after the unit tests, one at a time.
function(lockstep_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
  add_executable(${name}_test ${ARG_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${ARG_LIBS} GTest::gtest_main GTest::gmock rapidcheck)
  target_compile_definitions(${name}_test PRIVATE LOCKSTEP_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND ${name}_test --gtest_brief=1)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES
    TIMEOUT ${ARG_TIMEOUT}
    ENVIRONMENT "GTEST_OUTPUT=xml:${PROJECT_BINARY_DIR}/test-results/${name}.xml")
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  if(folder MATCHES "^tests/")
    list(APPEND ARG_LABELS whole)
  endif()
  if(ARG_LABELS)
    set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}")
  endif()
endfunction()

# thing_fuzz.cpp becomes the program thing_fuzz; its seed inputs are in corpus/thing/ beside it.
function(lockstep_fuzzer module source)
  set_property(GLOBAL APPEND PROPERTY LOCKSTEP_FUZZ_SOURCES ${source})
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    return()
  endif()
  get_filename_component(target ${source} NAME_WE)
  add_executable(${target} ${source})
  # GoogleTest for those that drive what the unit tests drive, too.
  target_link_libraries(${target} PRIVATE lockstep_${module} GTest::gtest)
  target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  set_property(GLOBAL APPEND PROPERTY LOCKSTEP_FUZZERS ${target})
  get_filename_component(folder ${source} DIRECTORY)
  string(REGEX REPLACE "_fuzz$" "" thing ${target})
  set_property(GLOBAL APPEND_STRING PROPERTY LOCKSTEP_FUZZER_LIST
    "${target} ${CMAKE_CURRENT_BINARY_DIR}/${target} ${folder}/corpus/${thing}\n")
endfunction()

# Adds each direct subfolder of the current one that has a CMakeLists.txt.
function(lockstep_add_subfolders)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*/CMakeLists.txt)
  foreach(file IN LISTS files)
    get_filename_component(folder ${file} DIRECTORY)
    add_subdirectory(${folder})
  endforeach()
endfunction()

# --- a source file that no target uses is a test that nobody runs ---

function(_lockstep_used_sources folder out)
  set(used "")
  get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(sources ${target} SOURCES)
    get_target_property(source_dir ${target} SOURCE_DIR)
    foreach(source IN LISTS sources)
      if(source MATCHES "\\.cpp$")
        cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${source_dir} NORMALIZE)
        list(APPEND used ${source})
      endif()
    endforeach()
  endforeach()
  get_property(children DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
  foreach(child IN LISTS children)
    _lockstep_used_sources(${child} below)
    list(APPEND used ${below})
  endforeach()
  set(${out} ${used} PARENT_SCOPE)
endfunction()

function(lockstep_check_orphans)
  set(patterns src connectors simulation tests bench)
  list(TRANSFORM patterns PREPEND ${PROJECT_SOURCE_DIR}/)
  list(TRANSFORM patterns APPEND /*.cpp)
  file(GLOB_RECURSE present CONFIGURE_DEPENDS ${patterns})
  list(FILTER present EXCLUDE REGEX "/node_modules/")
  _lockstep_used_sources(${PROJECT_SOURCE_DIR} used)
  get_property(fuzzers GLOBAL PROPERTY LOCKSTEP_FUZZ_SOURCES)
  list(REMOVE_ITEM present ${used} ${fuzzers})
  if(present)
    list(JOIN present "\n  " text)
    # A tree in the middle of an edit may be configured with LOCKSTEP_ORPHANS=WARNING.
    message(${LOCKSTEP_ORPHANS} "no target uses these files:\n  ${text}")
  endif()
endfunction()
# For ./dev fuzz: the target "fuzzers", and a file with one line per fuzzer: name, program, seed folder.
function(lockstep_list_fuzzers)
  get_property(fuzzers GLOBAL PROPERTY LOCKSTEP_FUZZERS)
  get_property(lines GLOBAL PROPERTY LOCKSTEP_FUZZER_LIST)
  add_custom_target(fuzzers DEPENDS ${fuzzers})
  file(WRITE ${PROJECT_BINARY_DIR}/fuzzers.txt "${lines}")
endfunction()

# When everything else has been read.
cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL lockstep_check_orphans)
cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL lockstep_list_fuzzers)
