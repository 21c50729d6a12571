// What the SQLite store commits per second, by size of batch and number of records. A unit is what one accepted
// change costs: a marker, a journal entry, a record at its next revision (about 600 bytes), an outbox row.
//
//   store_bench                            all
//   store_bench --benchmark_filter=Commit/256
//
// LOCKSTEP_BENCH_FOLDER: where the files go (default: the current folder; a RAM disk shows the time without fsync).
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/random.hpp"
#include "store/sqlite_store.hpp"

namespace lockstep::store {
namespace {

const SourceId source("ve9EPM428h8vShlRW1KT");
const SystemName crm("crm");
const SystemName db("db");
const EntityName contact("contact");
constexpr int records_many = 200'000;

std::filesystem::path folder() {
  const char* chosen = std::getenv("LOCKSTEP_BENCH_FOLDER");
  return std::filesystem::path(chosen == nullptr ? "." : chosen) / "store_bench.tmp";
}

// A store with a population, and units that change random records of it.
class Load {
 public:
  explicit Load(int population) : revisions_(static_cast<std::size_t>(population), 0) {
    std::filesystem::remove_all(folder());
    std::filesystem::create_directories(folder());
    auto opened = open_sqlite_store({.path = folder() / "store.db"});
    if (!opened) std::abort();
    store_ = std::move(*opened);
    for (std::size_t next = 0; next < revisions_.size();) {
      sync::Batch batch;
      for (int i = 0; i < 5'000 && next < revisions_.size(); ++i) batch.records.push_back(next_revision(next++));
      if (!store_->commit(batch)) std::abort();
    }
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  ~Load() {
    store_.reset();
    std::filesystem::remove_all(folder());
  }

  sync::Batch units(std::int64_t count) {
    sync::Batch batch;
    batch.first_seq = seq_ + 1;
    for (; count > 0; --count) add_unit(batch);
    return batch;
  }
  SqliteStore& store() { return *store_; }
  RecordId any_id() { return id(random_.below(revisions_.size())); }

 private:
  static RecordId id(std::size_t index) {
    return RecordId("01J9Z3K4M5" + std::to_string(1'000'000'000'000'000 + index));
  }

  sync::Record next_revision(std::size_t index) {
    const sync::Stamp stamp{sync::Hlc{113'000'000'000'000'000 + random_.below(1'000'000)}, crm, seq_};
    sync::Record record;
    record.id = id(index);
    record.source = source;
    record.entity = contact;
    record.revision = ++revisions_[index];
    record.fields["email"] = {Json("ada.lovelace" + std::to_string(index) + "@example.com"), stamp, false};
    record.fields["first_name"] = {Json("Ada"), stamp, false};
    record.fields["last_name"] = {Json("Lovelace"), stamp, false};
    record.fields["phone"] = {Json("+12025550101"), stamp, false};
    record.fields["city"] = {Json("London"), stamp, false};
    record.fields["tags"] = {Json(JsonArray{"2026", "vip"}), stamp, false};
    record.fields["points"] = {Json(random_.below(1'000)), stamp, false};
    for (const SystemName& system : {crm, db}) {
      sync::Link& link = record.links.emplace_back();
      link.system = system;
      link.external_id = "QWERTYUIOP" + std::to_string(index);
      link.version = 1'732'170'000'000 + seq_;
      for (const auto& [name, field] : record.fields) link.base[name] = field.value;
    }
    record.links[1].base["points"] = Json(1'001);  // pending there
    return record;
  }

  void add_unit(sync::Batch& batch) {
    const Time now(Duration(1'732'170'000'000'000 + static_cast<std::int64_t>(++seq_)));
    const std::size_t index = random_.below(revisions_.size());
    batch.markers.push_back({source, crm, std::to_string(random_.next()) + std::to_string(random_.next()), now});
    batch.records.push_back(next_revision(index));
    sync::JournalEntry& entry = batch.journal.emplace_back();
    entry.seq = seq_;
    entry.at = now;
    entry.source = source;
    entry.entity = contact;
    entry.record = id(index);
    entry.system = crm;
    entry.kind = "change";
    entry.disposition = "applied";
    entry.body = Json(JsonObject{
        {"fields", JsonObject{{"points", JsonArray{1, 2}}}}, {"external_id", "QWERTY"}, {"version", 1'732'170'000}});
    sync::OutboxRow& row = batch.outbox.emplace_back();
    row.key = {source, db, id(index)};
    row.entity = contact;
    row.due = row.since = now;
    row.cause = seq_;
  }

  SeededRandom random_{1};
  std::vector<std::uint64_t> revisions_;
  Seq seq_ = 0;
  std::unique_ptr<SqliteStore> store_;
};

void Commit(benchmark::State& state) {
  Load load(static_cast<int>(state.range(1)));
  for (auto _ : state) {
    state.PauseTiming();
    const sync::Batch batch = load.units(state.range(0));
    state.ResumeTiming();
    if (const auto done = load.store().commit(batch); !done) state.SkipWithError(done.error().message.c_str());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Commit)
    ->ArgNames({"batch", "records"})
    ->ArgsProduct({{1, 16, 64, 256, 1'024}, {10'000}})
    ->Args({256, records_many})
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

void LookUpRecord(benchmark::State& state) {
  Load load(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(load.store().record(source, load.any_id()));
}
BENCHMARK(LookUpRecord)->ArgName("records")->Arg(10'000)->Arg(records_many);

void LookUpDelivery(benchmark::State& state) {
  Load load(10'000);
  if (const auto done = load.store().commit(load.units(5'000)); !done)
    state.SkipWithError(done.error().message.c_str());
  for (auto _ : state) benchmark::DoNotOptimize(load.store().seen(source, crm, "unknown"));
}
BENCHMARK(LookUpDelivery);

// What the disk itself takes for a commit of one page, as the measure to hold the rest against.
void Fsync(benchmark::State& state) {
  std::filesystem::create_directories(folder());
  const std::filesystem::path path = folder() / "fsync";
  const std::string page(4096, 'x');
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  for (auto _ : state) {
    if (::pwrite(file, page.data(), page.size(), 0) < 0 || ::fdatasync(file) != 0) state.SkipWithError("cannot write");
  }
  ::close(file);
  std::filesystem::remove_all(folder());
}
BENCHMARK(Fsync)->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace
}  // namespace lockstep::store
