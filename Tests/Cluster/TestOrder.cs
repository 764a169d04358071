// Each test measures rates, or kills processes: one after the other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
