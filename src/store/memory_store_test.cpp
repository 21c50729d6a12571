#include "store/memory_store.hpp"

#include "store/store_work_contract.hpp"

namespace lockstep::store {
namespace {

class MemoryFixture {
 public:
  Store& store() { return store_; }

 private:
  MemoryStore store_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreContract, MemoryFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreWorkContract, MemoryFixture);

}  // namespace
}  // namespace lockstep::store
