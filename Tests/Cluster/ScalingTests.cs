using Xunit.Abstractions;

namespace MobileVlm.Edge.Cluster.Tests;

public sealed class ScalingTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Encode = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan Answer = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Two_and_three_hosts_answer_nearly_two_and_three_times_as_many_frames_and_none_grows_old()
    {
        await using var hosts = await ClusterHosts.StartAsync(cameras: 12, Encode, Answer);
        var one = await RateAsync(hosts);
        await hosts.AddAsync();
        var two = await RateAsync(hosts);
        await hosts.AddAsync();
        var three = await RateAsync(hosts);
        output.WriteLine(FormattableString.Invariant($"1, 2, 3 hosts: {one:0.0}, {two:0.0}, {three:0.0} frames per second"));
        Assert.InRange(two / one, 1.8, 2.3);
        Assert.InRange(three / one, 2.6, 3.4);
    }

    private async Task<double> RateAsync(ClusterHosts hosts)
    {
        var before = hosts.Answers.Count;
        var started = TimeProvider.System.GetTimestamp();
        await Task.Delay(Measured);
        var answers = hosts.Answers.Skip(before).ToList();
        var rate = answers.Count / TimeProvider.System.GetElapsedTime(started).TotalSeconds;

        // A frame is at most one interval of the camera old when it is picked, and nothing waits behind it.
        var ages = answers.Select(answered => answered.Age.TotalMilliseconds).Order().ToList();
        output.WriteLine(FormattableString.Invariant(
            $"{hosts.Engines.Count} hosts: {rate:0.0} frames per second, age {ages[ages.Count / 2]:0} ms (median), {ages[^1]:0} ms (largest)"));
        Assert.InRange(ages[^1], 300, 2000);
        Assert.All(answers, answered => Assert.Equal($"{answered.Sequence.Value}", answered.Answers[0].Answer.Text));
        Assert.All(hosts.Engines, engine => Assert.Equal(1, engine.MostAtWork));

        // Each frame is counted once.
        Assert.All(hosts.Cameras.Stats().Cameras.Values, camera => Assert.InRange(
            camera.FramesCaptured + camera.FramesRepeated - camera.FramesReplaced - camera.FramesIdle - camera.FramesStale
            - camera.FramesUsed - camera.FramesGated - camera.FramesFailed, 0, 3));
        foreach (var camera in answers.GroupBy(answered => answered.Camera))
        {
            var order = camera.Select(answered => answered.Sequence.Value).ToList();
            Assert.Equal(order.Order(), order);
        }

        return rate;
    }
}
