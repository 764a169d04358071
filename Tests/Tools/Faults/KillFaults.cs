using System.Globalization;

namespace MobileVlm.Edge.Tools.Faults;

/// <summary>The service killed again and again, at any moment of its life.</summary>
internal static class KillFaults
{
    /// <summary>About what a start takes with the demo's model; a third of the kills fall into it.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    /// <param name="kills">How often.</param>
    /// <param name="seed">Of the moments.</param>
    public static async Task<FaultResult> RunAsync(int kills, int seed)
    {
        var random = new Random(seed);
        await using var rig = await FaultRig.StartAsync();
        await rig.StartServiceAsync();
        await rig.ReceivesAsync(5);
        await rig.KillBrokerAsync();
        var early = 0;
        for (var kill = 0; kill < kills; kill++)
        {
            if (kill > 0)
            {
                // While it starts (the model is opened, the outbox read), before its first event, and among its events.
                rig.StartService();
                switch (random.Next(3))
                {
                    case 0:
                        early++;
                        break;
                    case 1:
                        await rig.Service.SaysAsync("Node edge-1 watches");
                        break;
                    default:
                        await rig.ProducesAsync(1);
                        break;
                }
            }

            await Task.Delay(random.NextDouble() * Longest);
            await rig.KillServiceAsync();
        }

        await rig.StartServiceAsync();
        await rig.RestartBrokerAsync();
        await rig.ReceivesAsync(5);
        return new FaultResult(
            await rig.CountAsync(), string.Create(CultureInfo.InvariantCulture, $"{early} of the kills during the start; seed {seed}"));
    }
}
