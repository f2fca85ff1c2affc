"""Golden values from obp 0.5.7 on a made-up log of 60 rows, and how they were made: `python peers.py`.

obp declares old Pythons; in an environment of its own with numpy, pandas, scipy, scikit-learn, torch, matplotlib,
seaborn: `pip install --no-deps --ignore-requires-python obp==0.5.7`. The tests need none of it.
"""

import numpy as np

FROM_OBP = {
    "DM": 0.500498682982,
    "IPS": 0.499527138891,
    "SNIPS": 0.555471112192,
    "clipped IPS": 0.462555692808,
    "sub-Gaussian IPS": 0.479642761444,
    "DR": 0.551068310988,
    "SNDR": 0.556731798912,
    "pessimistic DR": 0.556590465644,
    "Switch-DR": 0.609732787325,
    "DRos": 0.555374226773,
    "sub-Gaussian DR": 0.558866116917,
    "MIPS": 0.550390222818,
    "OffCEM": 0.535117375758,
    "MRDR": 0.481858933924,
}


def log():
    """60 rows, four actions, two features of context: everything obp and we are told."""
    rng = np.random.default_rng(11)
    context = rng.standard_normal((60, 2))
    behaviour, target = (rng.dirichlet(np.full(4, 1.5), size=60) for _ in range(2))
    behaviour, target = (0.9 * table + 0.025 for table in (behaviour, target))
    action = (behaviour.cumsum(axis=1) < rng.random(60)[:, None]).sum(axis=1)
    chance = 1 / (1 + np.exp(-(context[:, 0] + 0.5 * action - 0.7)))
    reward = (rng.random(60) < chance).astype(float)
    model = rng.uniform(0.2, 0.8, size=(60, 4))
    return context, action, reward, behaviour, target, model


def computed():
    """What obp says."""
    from obp import ope
    from sklearn.linear_model import LinearRegression

    context, action, reward, behaviour, target, model = log()
    pscore = behaviour[np.arange(60), action]
    given = {"reward": reward, "action": action, "pscore": pscore, "action_dist": target[:, :, None]}
    given["position"] = np.zeros(60, dtype=int)
    modelled = given | {"estimated_rewards_by_reg_model": model[:, :, None]}
    fitted = ope.RegressionModel(n_actions=4, base_model=LinearRegression(), fitting_method="mrdr")
    learned = fitted.fit_predict(
        context=context, action=action, reward=reward, pscore=pscore, action_dist=target[:, :, None].copy()
    )
    cluster = np.array([0, 0, 1, 1])
    group = np.stack([np.bincount(cluster, weights=row) for row in behaviour])
    aimed = np.stack([np.bincount(cluster, weights=row) for row in target])
    # what obp must be told so that its target / pscore is the ratio of the clusters
    shares = target[np.arange(60), action] * (group / aimed)[np.arange(60), cluster[action]]
    return {
        "DM": ope.DirectMethod().estimate_policy_value(**modelled),
        "IPS": ope.InverseProbabilityWeighting().estimate_policy_value(**given),
        "SNIPS": ope.SelfNormalizedInverseProbabilityWeighting().estimate_policy_value(**given),
        "clipped IPS": ope.InverseProbabilityWeighting(lambda_=1.5).estimate_policy_value(**given),
        "sub-Gaussian IPS": ope.SubGaussianInverseProbabilityWeighting(lambda_=0.2).estimate_policy_value(**given),
        "DR": ope.DoublyRobust().estimate_policy_value(**modelled),
        "SNDR": ope.SelfNormalizedDoublyRobust().estimate_policy_value(**modelled),
        "pessimistic DR": ope.DoublyRobust(lambda_=3.0).estimate_policy_value(**modelled),
        "Switch-DR": ope.SwitchDoublyRobust(lambda_=3.0).estimate_policy_value(**modelled),
        "DRos": ope.DoublyRobustWithShrinkage(lambda_=5.0).estimate_policy_value(**modelled),
        "sub-Gaussian DR": ope.SubGaussianDoublyRobust(lambda_=0.2).estimate_policy_value(**modelled),
        "MIPS": ope.InverseProbabilityWeighting().estimate_policy_value(**(given | {"pscore": shares})),
        "OffCEM": ope.DoublyRobust().estimate_policy_value(**(modelled | {"pscore": shares})),
        "MRDR": ope.DoublyRobust().estimate_policy_value(**(given | {"estimated_rewards_by_reg_model": learned})),
    }


if __name__ == "__main__":
    for name, value in computed().items():
        print(f'    "{name}": {float(value):.12f},')
