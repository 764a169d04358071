using MobileVlm.Edge.Actors.Tests.Fakes;

namespace MobileVlm.Edge.Actors.Tests.Publishing;

public sealed class SafeComposerTests : IAsyncDisposable
{
    private readonly ActorBench _bench = new(EdgeRig.Plan("gate", EdgeRig.Always));
    private readonly List<string> _done = [];

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public void What_fails_once_is_done_the_second_time()
    {
        _bench.Composer.Compose(() => Fail(times: 1), () => _done.Add("otherwise"));

        Assert.Equal(["try", "try"], _done);
        Assert.Equal(1, _bench.Counters.Mqtt.Read(mqtt => mqtt.Failed));
    }

    [Fact]
    public void What_fails_twice_is_replaced_and_never_thrown()
    {
        _bench.Composer.Compose(() => Fail(times: 9), () => _done.Add("otherwise"));
        _bench.Composer.Compose(() => Fail(times: 9));

        Assert.Equal(["try", "try", "otherwise", "try", "try"], _done);
        Assert.Equal(4, _bench.Rig.Log.Logged(Microsoft.Extensions.Logging.LogLevel.Error, "A message of one question could not be composed").Count());
    }

    private void Fail(int times)
    {
        _done.Add("try");
        if (_done.Count <= times)
        {
            throw new InvalidOperationException("as the test wants");
        }
    }
}
