#include "store/memory_store.hpp"

#include "store/store_contract.hpp"

namespace lockstep::store {
namespace {

class MemoryFixture {
 public:
  Store& store() { return store_; }

 private:
  MemoryStore store_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreContract, MemoryFixture);

}  // namespace
}  // namespace lockstep::store
