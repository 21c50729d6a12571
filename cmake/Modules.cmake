# lockstep_module(<name> RANK <n> DEPS <modules...> LIBS <external targets...>)
#
# One folder = one library = one namespace. Sources are found, not listed:
#   *_test.cpp   unit tests, one binary per module, each a CTest entry
#   *_fuzz.cpp   libFuzzer entry points (clang only)
#   *.cpp        the library
# RANK is the layer; a dependency must have a lower rank, or configuring fails. A link test (an empty
# main with the whole archive and only the declared dependencies) catches what includes do not show.

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

function(lockstep_module name)
  cmake_parse_arguments(ARG "" "RANK" "DEPS;LIBS" ${ARGN})
  _lockstep_check_rank(${name} ${ARG_RANK} "${ARG_DEPS}")

  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp ${CMAKE_CURRENT_SOURCE_DIR}/*/*.cpp)
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.cpp$")

  set(dep_targets ${ARG_DEPS})
  list(TRANSFORM dep_targets PREPEND lockstep_)
  add_library(lockstep_${name} STATIC ${sources})
  set_target_properties(lockstep_${name} PROPERTIES LOCKSTEP_RANK ${ARG_RANK} LINKER_LANGUAGE CXX)
  target_include_directories(lockstep_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  target_link_libraries(lockstep_${name} PUBLIC lockstep_options ${dep_targets} ${ARG_LIBS})

  set(link_main ${PROJECT_BINARY_DIR}/link_test_main.cpp)
  if(NOT EXISTS ${link_main})
    file(WRITE ${link_main} "int main() { return 0; }\n")
  endif()
  add_executable(${name}_link_test ${link_main})
  target_link_libraries(${name}_link_test PRIVATE
    -Wl,--whole-archive lockstep_${name} -Wl,--no-whole-archive)

  if(tests)
    lockstep_test(${name} SOURCES ${tests} LIBS lockstep_${name})
  endif()
  foreach(fuzzer IN LISTS fuzzers)
    lockstep_fuzzer(${name} ${fuzzer})
  endforeach()
endfunction()

# lockstep_test(<name> SOURCES ... LIBS ...): a GoogleTest binary <name>_test, discovered by CTest.
function(lockstep_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS;LABELS" ${ARGN})
  add_executable(${name}_test ${ARG_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${ARG_LIBS} GTest::gtest_main GTest::gmock rapidcheck)
  target_compile_definitions(${name}_test PRIVATE LOCKSTEP_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND ${name}_test --gtest_brief=1)
  if(ARG_LABELS)
    set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}")
  endif()
endfunction()

function(lockstep_fuzzer module source)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    return()
  endif()
  get_filename_component(target ${source} NAME_WE)
  add_executable(${target} ${source})
  target_link_libraries(${target} PRIVATE lockstep_${module})
  target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  set_property(GLOBAL APPEND PROPERTY LOCKSTEP_FUZZERS ${target})
endfunction()
